public import Foundation

/// A search as JSON Lines: one event a line, from `started` to `finished`.
public struct SearchTrace: Sendable, Hashable {
    /// A trace that cannot be read, and the line at fault.
    public struct FormatError: Error, CustomStringConvertible {
        public let description: String
    }

    public var events: [SearchEvent]

    public init(events: [SearchEvent]) {
        self.events = events
    }

    /// One event as a line, without the newline; the keys are sorted, so equal events are equal bytes.
    public static func line(for event: SearchEvent) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(event)
    }

    /// Reads a trace.
    ///
    /// - Throws: ``FormatError``, with the number of the first bad line.
    public init(data: Data) throws {
        let decoder = JSONDecoder()
        events = []
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            do {
                events.append(try decoder.decode(SearchEvent.self, from: Data(line)))
            } catch {
                throw FormatError(description: "line \(index + 1) of the trace is damaged, or not of this version.")
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
}
