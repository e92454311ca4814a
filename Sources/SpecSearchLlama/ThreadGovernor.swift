/// Chooses the threads of each pass: several, unless they turn out to wait for one another.
///
/// On a machine that does other work, a pass of two threads can take hundreds of times as long as a pass of one: its
/// threads wait at barriers for one that is not running. Passes are compared with earlier ones of about as many tokens.
/// The number of threads leaves the results as they are.
package struct ThreadGovernor: Sendable, Hashable {
    /// The threads of the next pass.
    package private(set) var threads: Int
    private let preferred: Int
    /// The fastest pass so far by the binary order of its tokens, with one thread and with several.
    private var fastest: [[Double]]
    private var slowPasses = 0
    private var goodPasses = 0
    /// Passes with one thread until several are tried again.
    private var pause = 0
    private var nextPause = Self.shortestPause

    static let shortestPause = 32
    static let longestPause = 4096
    /// So many slow passes, less the good ones, end the use of several threads.
    static let patience = 3

    /// A governor that would rather use `threads` threads.
    package init(threads: Int) {
        preferred = threads
        self.threads = threads
        fastest = [[Double]](repeating: [Double](repeating: .infinity, count: 17), count: 2)
    }

    /// Notes how long a pass took.
    package mutating func note(tokens: Int, seconds: Double) {
        guard preferred > 1, tokens > 0 else { return }
        let order = min(16, Int.bitWidth - tokens.leadingZeroBitCount)
        let isSeveral = threads > 1
        // Wait for nothing, and a pass of several threads is never slower than one of one thread; sizes within an order
        // and the text before them make up to a factor of 3.
        let bound = min(2 * fastest[0][order], 4 * fastest[1][order])
        fastest[isSeveral ? 1 : 0][order] = min(fastest[isSeveral ? 1 : 0][order], seconds)
        guard isSeveral else {
            pause -= 1
            if pause <= 0 { threads = preferred }
            return
        }
        if seconds > bound {
            slowPasses += 1
            goodPasses = 0
            if slowPasses < Self.patience { return }
            slowPasses = 0
            threads = 1
            pause = nextPause
            nextPause = min(2 * nextPause, Self.longestPause)
        } else {
            slowPasses = max(0, slowPasses - 1)
            goodPasses += 1
            if goodPasses >= 2 * Self.shortestPause { nextPause = Self.shortestPause }
        }
    }
}
