package import SpecSearch
import Synchronization

/// The sequences of one call: what waits for admission, what is running, and what its work is charged to.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class Request {
    /// Whether the call was cancelled, which any task may say.
    package final class Cancellation: Sendable {
        private let flag = Atomic(false)

        package init() {}

        /// Asks the call to end.
        package func cancel() { flag.store(true, ordering: .relaxed) }

        /// Whether the call is to end.
        package var isCancelled: Bool { flag.load(ordering: .relaxed) }
    }

    /// The slots that a sequence takes to begin with.
    package struct Demand: Sendable, Hashable {
        /// The tokens of its path.
        package var tokens: Int
        /// Of these, those that it shares with the sequence before it.
        package var shared: Int

        /// - Parameters:
        ///   - path: The sequence's tokens.
        ///   - previous: Those of the sequence before it, if there is one.
        package init(path: [Token], after previous: [Token]?) {
            tokens = path.count
            shared = previous.map { zip(path, $0).prefix { $0 == $1 }.count } ?? 0
        }
    }

    /// The older one has the right of way.
    let order: Int
    /// The models in whose caches its sequences are, each once.
    let runners: [ModelRunner]
    let cancellation: Cancellation?
    private let demands: [Demand]
    /// The sequences that wait, the next last.
    private(set) var waiting: [Int]
    /// The sequences that are running, the oldest first, and the slots that each reserved.
    private(set) var running: [(sequence: Int, slots: Int)] = []
    private var costs: [ModelUsage]

    init(order: Int, runners: [ModelRunner], demands: [Demand], cancellation: Cancellation?) {
        self.order = order
        self.demands = demands
        self.cancellation = cancellation
        var distinct: [ModelRunner] = []
        for runner in runners where !distinct.contains(where: { $0 === runner }) { distinct.append(runner) }
        self.runners = distinct
        waiting = demands.indices.reversed()
        costs = distinct.map { _ in ModelUsage() }
    }

    /// What its tokens have cost so far: a pass's seconds are shared by the requests in it, by their tokens.
    package func cost(of runner: ModelRunner) -> ModelUsage {
        runners.firstIndex { $0 === runner }.map { costs[$0] } ?? ModelUsage()
    }

    /// The slots that the next waiting sequence takes; nil if none waits.
    var nextDemand: Int? {
        guard let next = waiting.last else { return nil }
        return demands[next].tokens - (running.last?.sequence == next - 1 ? demands[next].shared : 0)
    }

    /// Moves the next waiting sequence to the running ones.
    func start() -> Int? {
        guard let slots = nextDemand, let next = waiting.popLast() else { return nil }
        let place = running.firstIndex { $0.sequence > next } ?? running.endIndex
        running.insert((next, slots), at: place)
        for runner in runners {
            runner.load.sequences += 1
            runner.load.slots += slots
            if let left = runner.load.admissionsLeft { runner.load.admissionsLeft = left - 1 }
        }
        return next
    }

    /// Takes a sequence out of the running ones; it may be gone already.
    func stop(_ sequence: Int) {
        guard let place = running.firstIndex(where: { $0.sequence == sequence }) else { return }
        let slots = running.remove(at: place).slots
        for runner in runners {
            runner.load.sequences -= 1
            runner.load.slots -= slots
        }
    }

    /// Moves the youngest running sequence back to the waiting ones.
    func preemptYoungest() -> Int? {
        guard let youngest = running.last?.sequence else { return nil }
        stop(youngest)
        waiting.insert(youngest, at: waiting.firstIndex { $0 < youngest } ?? waiting.endIndex)
        return youngest
    }

    func charge(_ tokens: Int, of pass: ModelRunner.Pass, on runner: ModelRunner) {
        guard let place = runners.firstIndex(where: { $0 === runner }), tokens > 0 else { return }
        costs[place].evaluatedTokens += tokens
        costs[place].decodes += 1
        costs[place].seconds += pass.seconds * Double(tokens) / Double(pass.tokens)
    }

    /// From now on new nodes are this request's.
    func takeOver() { for runner in runners { runner.cache.owner = Int32(truncatingIfNeeded: order) } }
}
