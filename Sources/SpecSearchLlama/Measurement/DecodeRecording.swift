import SpecSearch

/// What a context was told to do, to be done again without the engine around it.
package struct DecodeRecording: Sendable {
    enum Entry: Sendable {
        case actions([RadixCache.Action])
        case pass(RadixCache.Batch, needsLogits: Bool, needsOutput: [Bool])
    }

    var entries: [Entry] = []

    /// Does it again in an empty context.
    ///
    /// - Returns: The seconds inside llama.cpp.
    func replay(in context: LlamaContext) throws(SpecSearchError) -> Double {
        context.clear()
        let before = context.libraryTime
        for entry in entries {
            switch entry {
            case .actions(let actions): context.apply(actions)
            case .pass(let batch, let needsLogits, let needsOutput):
                try context.decode(batch, needsLogits: needsLogits) { needsOutput[$0] }
            }
        }
        return (context.libraryTime - before).inSeconds
    }
}
