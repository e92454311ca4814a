internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The form of server-sent events (WHATWG HTML, "Server-sent events").
enum EventStream {
    /// The headers of a stream that no proxy may hold back.
    static var headers: HTTPFields {
        [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache", .accelBuffering: "no",
            // The connection is watched for the client's hang-up and cannot be used again.
            .connection: "close",
        ]
    }

    /// A comment that shows that the stream is alive.
    static let ping = ByteBuffer(string: ": ping\n\n")

    /// One event; `data` has no line breaks, as JSON has none.
    static func event(_ data: String, name: String? = nil, id: Int? = nil) -> ByteBuffer {
        var text = ""
        if let name { text += "event: \(name)\n" }
        if let id { text += "id: \(id)\n" }
        return ByteBuffer(string: text + "data: \(data)\n\n")
    }

    /// Writes what there is when there is news, and a ping when there was none for a while.
    ///
    /// A client that does not read suspends the writer; nothing is queued for it meanwhile.
    ///
    /// - Parameters:
    ///   - news: Ticks when there is something new.
    ///   - next: What was not written yet, or its beginning, and whether nothing comes after it.
    static func follow(
        _ news: AsyncStream<Void>, pingSeconds: Double, to writer: inout any ResponseBodyWriter,
        next: () throws -> (parts: [ByteBuffer], isLast: Bool)
    ) async throws {
        let (signals, source) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in news { source.yield(true) }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(pingSeconds))
                    source.yield(false)
                }
            }
            defer { group.cancelAll() }
            for await isNew in signals {
                if !isNew { try await writer.write(ping) }
                var (parts, isLast) = try next()
                while !parts.isEmpty {
                    for part in parts { try await writer.write(part) }
                    if isLast { return }
                    (parts, isLast) = try next()
                }
                if isLast { return }
            }
            try Task.checkCancellation()
        }
    }
}
