import SpecSearchLlama
import Testing

@Suite struct ThreadGovernorTests {
    private func pass(_ governor: inout ThreadGovernor, quick: Double, slow: Double, isBusy: Bool) -> Int {
        let threads = governor.threads
        governor.note(tokens: 12, seconds: threads == 1 ? 2 * quick : isBusy ? slow : quick)
        return threads
    }

    @Test func onAQuietMachineSeveralStay() {
        var governor = ThreadGovernor(threads: 2)
        for pass in 0..<500 {
            #expect(governor.threads == 2)
            // Longer texts and other sizes of the same order.
            governor.note(tokens: 8 + pass % 8, seconds: 0.001 * Double(1 + pass % 3))
        }
    }

    @Test func onABusyMachineOneTakesOverAndSeveralAreTriedNowAndThen() {
        var governor = ThreadGovernor(threads: 2)
        for _ in 0..<10 { #expect(pass(&governor, quick: 0.001, slow: 0.5, isBusy: false) == 2) }
        var several = 0
        for _ in 0..<10_000 where pass(&governor, quick: 0.001, slow: 0.5, isBusy: true) == 2 { several += 1 }
        // Three at a time, after pauses that double up to 4,096.
        #expect((3...30).contains(several))
        // Quiet again: at the latest after the longest pause.
        for _ in 0..<4_100 { _ = pass(&governor, quick: 0.001, slow: 0.5, isBusy: false) }
        #expect(governor.threads == 2)
    }

    @Test func severalThatWereNeverQuickAreFoundOutByOne() {
        var governor = ThreadGovernor(threads: 4)
        // Nothing to compare with: the first pause has to come from passes that differ among themselves.
        for seconds in [0.1, 0.9, 0.9, 0.9] { governor.note(tokens: 3, seconds: seconds) }
        #expect(governor.threads == 1)
        for _ in 0..<32 { governor.note(tokens: 3, seconds: 0.01) }
        #expect(governor.threads == 4)
        for _ in 0..<3 { governor.note(tokens: 3, seconds: 0.1) }
        #expect(governor.threads == 1)
    }

    @Test func oneThreadIsNotGoverned() {
        var governor = ThreadGovernor(threads: 1)
        for seconds in [0.001, 9, 9, 9, 9, 9] { governor.note(tokens: 1, seconds: seconds) }
        #expect(governor == ThreadGovernor(threads: 1))
    }
}
