internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Server-sent events (WHATWG HTML, "Server-sent events").
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
}
