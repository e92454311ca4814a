internal import SpecSearch
internal import SpecSearchRemote

/// A stream says the same however its bytes are cut into pieces, and an answer is whole or refused: what is read of its
/// beginning is never something else.
enum StreamCheck {
    static func check(_ bytes: [UInt8]) throws {
        for limit in [1 << 20, 48] {
            let whole = try events(bytes, piece: max(1, bytes.count), limit: limit)
            for piece in [1, 7] {
                try Violation.unless(
                    try events(bytes, piece: piece, limit: limit) == whole, "other events in pieces of \(piece)")
            }
        }
        for count in 1...3 {
            let call = AnswerCheck.call(count)
            guard let read = try completions(bytes, call) else { continue }
            try AnswerCheck.check(read, of: call)
            let place = bytes.reduce(UInt(count)) { $0 &* 31 &+ UInt($1) } % UInt(bytes.count)
            if let beginning = try completions(bytes.prefix(Int(place)), call) {
                try Violation.unless(beginning == read, "something else after \(place) bytes")
            }
        }
    }

    /// The events, and whether the stream was cut; nil where a line is too long.
    private static func events(_ bytes: [UInt8], piece: Int, limit: Int) throws -> [[UInt8]]? {
        var reader = ServerSentEvents(lineLimit: limit)
        var events: [[UInt8]] = []
        do throws(ServerSentEvents.TooLong) {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                events += try reader.add(bytes[start..<min(start + piece, bytes.count)])
            }
        } catch {
            return nil
        }
        return events + [reader.hasRest ? [1] : [0]]
    }

    private static func completions(_ bytes: some Sequence<UInt8>, _ call: GenerationCall) throws -> Completions? {
        do {
            return try StreamedCompletions.read(bytes, for: call)
        } catch is RemoteFailure {
            return nil
        }
    }
}
