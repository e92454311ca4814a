package import SpecSearch

/// The beginning that all possible results of a running search have in common: what may be told already.
///
/// A beam's result continues one of its open paths or is one of the finished ones, so their common beginning is certain.
/// Other searches may still return to the root, and commit nothing before their end. A last step is held back until the
/// end, since another path's may win.
package struct CommittedPath: Sendable {
    /// The steps told so far.
    package private(set) var steps: [Step] = []
    private var finished: [Node] = []
    private let isBeam: Bool

    package init(_ configuration: SearchConfiguration) {
        isBeam = configuration.search == .beam
    }

    /// Takes an event.
    ///
    /// - Returns: The steps that became certain.
    package mutating func receive(_ event: SearchEvent) -> [Step] {
        guard isBeam, case .selected(_, let nodes) = event else { return [] }
        finished += nodes.filter(\.isFinished)
        let rivals = nodes.filter { !$0.isFinished } + finished
        guard let first = rivals.first else { return [] }
        var count = first.steps.count
        for rival in rivals.dropFirst() {
            count = min(count, zip(first.steps, rival.steps).prefix { $0 == $1 }.count)
        }
        let common = first.steps[..<count].prefix { $0.thought.stop != .endOfSequence }
        guard common.count > steps.count else { return [] }
        let new = Array(common[steps.count...])
        steps += new
        return new
    }

    /// Takes the result.
    ///
    /// - Returns: The remaining steps; nil if the result does not continue what was told, which no search does.
    package mutating func finish(_ path: [Step]) -> [Step]? {
        guard path.starts(with: steps) else { return nil }
        let rest = Array(path[steps.count...])
        steps = path
        return rest
    }
}
