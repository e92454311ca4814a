public import Foundation

/// A search as JSON Lines: one event a line, from `started` to `finished`.
///
/// ```swift
/// let trace = try SearchTrace(data: try Data(contentsOf: file))
/// let tree = try trace.tree()
/// ```
public struct SearchTrace: Sendable, Hashable {
    public var events: [SearchEvent]

    public init(events: [SearchEvent]) { self.events = events }

    /// One event as a line, without the newline; the keys are sorted, so equal events are equal bytes.
    public static func line(for event: SearchEvent) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(event)
    }

    /// A trace from a file's contents; a last line that has no end and is not whole was torn, and is left out.
    ///
    /// - Throws: ``SpecSearchError`` `badTrace`, with the number of the first bad line.
    public init(data: Data) throws {
        let decoder = JSONDecoder()
        events = []
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            do {
                events.append(try decoder.decode(SearchEvent.self, from: Data(line)))
            } catch {
                if index == lines.count - 1, index > 0 { return }
                throw SpecSearchError(
                    .badTrace, "Line \(index + 1) of the trace is damaged, or not of this version.",
                    remedy: "Record it again with solve --trace.")
            }
        }
    }

    /// The trace as a file's contents.
    public func encoded() throws -> Data {
        var data = Data()
        for event in events {
            data += try Self.line(for: event)
            data.append(UInt8(ascii: "\n"))
        }
        return data
    }

    /// What the method auto chose, batch by batch.
    var choices: [MethodChoice] {
        events.compactMap { if case .chosen(let choice) = $0 { choice } else { nil } }
    }

    /// The first event.
    ///
    /// - Throws: ``SpecSearchError`` `badTrace` where it is none of this version.
    public func started() throws -> SearchEvent.Started {
        guard case .started(let started)? = events.first,
            started.version == SearchEvent.Started.currentVersion
        else {
            throw SpecSearchError(
                .badTrace,
                "The trace does not begin with a `started` event of version "
                    + "\(SearchEvent.Started.currentVersion).", remedy: "Record it again with solve --trace.")
        }
        return started
    }

    /// The search's tree after the last event.
    ///
    /// - Throws: ``SpecSearchError`` `badTrace` for events that contradict one another.
    public func tree() throws -> SearchTree {
        var tree = SearchTree(try started())
        for event in events { try tree.apply(event) }
        return tree
    }
}
