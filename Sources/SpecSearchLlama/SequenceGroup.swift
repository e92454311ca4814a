package import SpecSearch
import Synchronization

/// The sequences that one call writes or scores: what joins and leaves the passes, and what their work is charged to.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class SequenceGroup {
    /// Whether the call was cancelled, which any task may say.
    package final class Cancellation: Sendable {
        private let flag = Atomic(false)

        package init() {}

        /// Asks the call to end.
        package func cancel() { flag.store(true, ordering: .relaxed) }

        /// Whether the call is to end.
        package var isCancelled: Bool { flag.load(ordering: .relaxed) }
    }

    /// The older one has the right of way.
    let order: Int
    /// The models whose caches its branches are in.
    let decoders: [PrefixDecoder]
    let cancellation: Cancellation?
    private var costs: [ModelUsage]

    init(order: Int, decoders: [PrefixDecoder], cancellation: Cancellation?) {
        self.order = order
        self.decoders = decoders
        self.cancellation = cancellation
        costs = decoders.map { _ in ModelUsage() }
    }

    /// What its tokens have cost so far: a pass's seconds are shared by the groups in it, by their tokens.
    package func cost(of decoder: PrefixDecoder) -> ModelUsage {
        decoders.firstIndex { $0 === decoder }.map { costs[$0] } ?? ModelUsage()
    }

    func charge(_ tokens: Int, of pass: PrefixDecoder.Pass, on decoder: PrefixDecoder) {
        guard let place = decoders.firstIndex(where: { $0 === decoder }), tokens > 0 else { return }
        costs[place].evaluatedTokens += tokens
        costs[place].decodes += 1
        costs[place].seconds += pass.seconds * Double(tokens) / Double(pass.tokens)
    }

    /// From now on new branches are this group's.
    func takeOver() { for decoder in decoders { decoder.tree.owner = Int32(truncatingIfNeeded: order) } }
}
