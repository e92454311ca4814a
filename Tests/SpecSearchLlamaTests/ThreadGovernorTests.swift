import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ThreadGovernorTests {
    /// A clock of passes, each of 50 ms.
    private struct Machine {
        var governor: ThreadGovernor
        var now = 0.0
        var waited: Double? = 0

        init(limit: Int) { governor = ThreadGovernor(limit: limit) }

        /// The threads of so many seconds' passes, in which threads wait for a share of the time.
        mutating func run(_ seconds: Double, waiting share: Double) -> [Int] {
            stride(from: 0, to: seconds, by: 0.05).map { _ in
                let threads = governor.threads(at: now) { [waited] in waited }
                now += 0.05
                if threads > 1 { waited = waited.map { $0 + 0.05 * share } }
                return threads
            }
        }
    }

    @Test func `A pass has all threads on an idle machine`() {
        var machine = Machine(limit: 2)
        #expect(Set(machine.run(60, waiting: 0.05)) == [2])
    }

    @Test func `On a busy machine a pass has one thread, and several are tried less and less often`() {
        var machine = Machine(limit: 4)
        let threads = machine.run(60, waiting: 0.5)
        #expect(threads.prefix(2) == [4, 4])
        // Each try takes two or three passes; after 1, 2, 4, 8 and 16 seconds.
        #expect((10...18).contains(threads.count { $0 == 4 }), "\(threads.count { $0 == 4 })")
        #expect(threads.suffix(20).allSatisfy { $0 == 1 })
    }

    @Test func `When the cores are free again, so are the threads`() {
        var machine = Machine(limit: 2)
        _ = machine.run(10, waiting: 0.5)
        let threads = machine.run(40, waiting: 0)
        #expect(threads.suffix(400).allSatisfy { $0 == 2 })
        // The pause is short again.
        let busy = machine.run(2, waiting: 0.5)
        #expect(busy.dropFirst(10).contains(2))
    }

    @Test func `Where the system does not tell, nothing changes`() {
        var machine = Machine(limit: 2)
        machine.waited = nil
        #expect(Set(machine.run(5, waiting: 0.9)) == [2])
        #expect(ThreadGovernor(limit: 1).limit == 1)
    }

    @Test func `With flash attention, whose sums go by the threads, their number stays`() {
        var options = LlamaEngine.Options(threads: 2)
        options.flashAttention = [.target]
        let models = ModelSet(draft: "d", target: "t")
        #expect(options.contextConfiguration(for: [.draft], of: models, weights: 0).adaptsThreads)
        #expect(!options.contextConfiguration(for: [.target], of: models, weights: 0).adaptsThreads)
        #expect(!options.contextConfiguration(for: [.draft, .target], of: models, weights: 0).adaptsThreads)
    }

    @Test func `Small models have one thread, and a machine has a core`() {
        #expect(LlamaEngine.Options.automaticThreads(weights: 30_000_000) == 1)
        #expect((1...4096).contains(Processor.coreCount))
    }
}
