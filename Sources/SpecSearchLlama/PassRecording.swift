package import SpecSearch

/// What a context was told to do, to be done again without the engine around it.
package struct PassRecording: Sendable {
    enum Entry: Sendable {
        case actions([PrefixTree.Action])
        case pass(PrefixTree.Batch, needsLogits: [Bool])
    }

    var entries: [Entry] = []

    /// Does it again in an empty context.
    ///
    /// - Returns: The seconds inside llama.cpp.
    func replay(in context: LlamaContext) throws(EngineError) -> Double {
        context.clear()
        let before = context.libraryTime
        for entry in entries {
            switch entry {
            case .actions(let actions): context.apply(actions)
            case .pass(let batch, let needsLogits): try context.decode(batch) { needsLogits[$0] }
            }
        }
        return (context.libraryTime - before) / .seconds(1)
    }
}

extension LlamaEngine {
    /// Empties the caches, and notes every pass from now on; for one problem at a time.
    package func beginRecording() async {
        await reset()
        await workers[0].beginRecording()
    }

    /// Does every pass since ``beginRecording()`` again, in contexts of their own.
    ///
    /// - Returns: The seconds of each model's passes, bare.
    package func replayRecording() async throws -> [ModelRole: Double] { try await workers[0].replayRecording() }
}

extension EngineWorker {
    func beginRecording() {
        for runtime in runtimes { runtime.decoder.context.recording = PassRecording() }
    }

    func replayRecording() throws -> [ModelRole: Double] {
        var seconds: [ModelRole: Double] = [:]
        for runtime in runtimes {
            let context = runtime.decoder.context
            guard let recording = context.recording, !recording.entries.isEmpty else { continue }
            context.recording = nil
            let bare = try replayContext(for: runtime)
            bare.measuresProcessorTime = context.measuresProcessorTime
            seconds[runtime.role] = try recording.replay(in: bare)
        }
        return seconds
    }
}
