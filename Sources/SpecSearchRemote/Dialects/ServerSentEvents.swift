/// Reads a stream of server-sent events, however its bytes are cut into pieces.
///
/// Lines end with LF, CR or CRLF; an empty line ends an event; comments and fields other than `data` are skipped.
package struct ServerSentEvents: Sendable {
    /// A line longer than the limit.
    package struct TooLong: Error, Sendable, Equatable { package let limit: Int }

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var endedWithReturn = false
    private var isFirstLine = true

    /// - Parameter limit: The most bytes that a line may have.
    package init(lineLimit limit: Int = 1 << 20) { self.limit = limit }

    /// Takes bytes, and answers the data of the events that they complete.
    package mutating func add(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            if byte == 0x0A && endedWithReturn {
                endedWithReturn = false
                continue
            }
            endedWithReturn = byte == 0x0D
            if byte == 0x0A || byte == 0x0D {
                if let event = endLine() { events.append(event) }
            } else {
                guard line.count < limit, data.count < limit else { throw TooLong(limit: limit) }
                line.append(byte)
            }
        }
        return events
    }

    /// Whether bytes of an unfinished event are left; at the end of a stream it means that it was cut.
    package var hasRest: Bool { !line.isEmpty || hasData }

    private mutating func endLine() -> [UInt8]? {
        defer {
            line.removeAll(keepingCapacity: true)
            isFirstLine = false
        }
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        if line.isEmpty {
            guard hasData else { return nil }
            defer {
                data = []
                hasData = false
            }
            return data
        }
        guard line.starts(with: "data".utf8), line.count == 4 || line[4] == UInt8(ascii: ":") else { return nil }
        if hasData { data.append(0x0A) }
        hasData = true
        var value = line.dropFirst(5)
        if value.first == 0x20 { value = value.dropFirst() }
        data += value
        return nil
    }
}
