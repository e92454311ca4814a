internal import Foundation
package import HTTPTypes
package import Hummingbird
internal import SpecSearch

/// A refusal, or a failure, as OpenAI's clients understand it.
package struct APIError: Error, Sendable {
    package var statusCode: Int
    package var type: String
    package var message: String
    package var param: String?
    package var code: String?
    /// Seconds after which to ask again.
    package var retryAfter: Double?
    /// Whether clients should ask again by themselves, where the status alone would have them do otherwise.
    package var shouldRetry: Bool?
    /// Whether the connection cannot be used again.
    var endsConnection = false

    static func invalid(_ message: String, param: String? = nil, code: String? = nil) -> APIError {
        APIError(statusCode: 400, type: "invalid_request_error", message: message, param: param, code: code)
    }

    static func tooMany(_ message: String, after seconds: Double) -> APIError {
        APIError(
            statusCode: 429, type: "rate_limit_error", message: message, code: "rate_limit_exceeded",
            retryAfter: min(max(seconds, 0.25), 120))
    }

    static let stopping = APIError(
        statusCode: 503, type: "unavailable_error", message: "The server is stopping.", code: "stopping", retryAfter: 5)

    /// For logs and metrics only: nobody is there to read it.
    static let clientGone = APIError(
        statusCode: 499, type: "invalid_request_error", message: "The client went away.", code: "client_gone",
        endsConnection: true)

    static func notFound(_ message: String, code: String) -> APIError {
        APIError(statusCode: 404, type: "invalid_request_error", message: message, code: code)
    }

    static let unauthorized = APIError(
        statusCode: 401, type: "authentication_error",
        message: "This server asks for a key: send it as \"Authorization: Bearer …\" or \"X-Api-Key: …\".",
        code: "invalid_api_key")

    static func tooLarge(_ limit: Int) -> APIError {
        APIError(
            statusCode: 413, type: "invalid_request_error", message: "The body has more than \(limit) bytes.",
            code: "request_too_large")
    }

    static func unsupportedBody(_ message: String) -> APIError {
        APIError(
            statusCode: 415, type: "invalid_request_error", message: message, code: "unsupported_media_type")
    }

    static let badFraming = APIError(
        statusCode: 400, type: "invalid_request_error", message: "The body is not framed as HTTP/1.1 asks.",
        endsConnection: true)

    /// The status and OpenAI's code of failures whose cause the caller, or another server, can change.
    private static let known: [SpecSearchError.Code: (status: Int, code: String)] = [
        .contextOverflow: (400, "context_length_exceeded"), .badSetting: (400, "bad_setting"),
        .unsupported: (400, "unsupported"), .unavailable: (503, "unavailable"),
    ]

    /// What a caller learns about a search that failed: only what is the request's own doing is put on it.
    ///
    /// - Parameter param: The field that holds the problem.
    package init(failureOf error: any Error, param: String) {
        switch (error as? SpecSearchError)?.code {
        case .cacheOverflow?:
            // The problem fits: `contextOverflow` is said where it does not.
            self = APIError(
                statusCode: 503, type: "unavailable_error", message: "Other searches have the models' memory for now.",
                code: "busy", retryAfter: 2)
        case .badSetting?:
            self = APIError(
                statusCode: 500, type: "server_error", message: "The search failed; the server's log says why.",
                code: "bad_setting", shouldRetry: false)
        default: self.init(error, param: param)
        }
    }

    /// What a caller learns about a failure; of an unexpected one only that it happened.
    ///
    /// - Parameter param: The field at fault.
    package init(_ error: any Error, param: String? = nil) {
        switch error {
        case let error as APIError: self = error
        case is CancellationError: self = .clientGone
        case let error as SpecSearchError:
            let (status, code) = Self.known[error.code] ?? (500, error.code.description)
            let message = error.description.withoutPaths
            switch status {
            case 400:
                let place = error.code == .contextOverflow ? param ?? "messages" : param
                self = .invalid(message, param: place, code: code)
            case 503:
                self = APIError(
                    statusCode: 503, type: "unavailable_error", message: message, code: code, retryAfter: 5)
            default:
                self = APIError(
                    statusCode: status, type: "server_error", message: message, code: code, shouldRetry: false
                )
            }
        default:
            self = APIError(
                statusCode: 500, type: "server_error", message: "The search failed; the server's log says why.",
                code: "internal_error")
        }
    }

    init(
        statusCode: Int, type: String, message: String, param: String? = nil, code: String? = nil,
        retryAfter: Double? = nil, shouldRetry: Bool? = nil, endsConnection: Bool = false
    ) {
        self.statusCode = statusCode
        self.type = type
        self.message = message
        self.param = param
        self.code = code
        self.retryAfter = retryAfter
        self.shouldRetry = shouldRetry
        self.endsConnection = endsConnection
    }
}

extension SpecSearchError {
    /// What may stand in a log: messages can quote a step, and so a problem.
    static func logged(_ error: any Error) -> String {
        (error as? SpecSearchError)?.code.description ?? "\(error)".logged
    }
}

extension String {
    /// The text without what only the server's own people need to know: of files the names alone, and no addresses.
    package var withoutPaths: String {
        replacing(/[^\s"'`(),;]*\/[^\s"'`(),;]*/) { match in
            let text = match.output
            if text.contains("://") { return "a server" }
            guard text.first.map({ "/~.".contains($0) }) ?? false || text.contains(/\.[A-Za-z0-9]+[.:]?$/) else {
                return String(text)
            }
            return String(text.split(separator: "/").last ?? "")
        }
    }
}

extension APIError: Encodable {
    private struct Body: Encodable {
        var message: String
        var type: String
        var param: String?
        var code: String?

        enum CodingKeys: CodingKey { case message, type, param, code }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(message, forKey: .message)
            try values.encode(type, forKey: .type)
            // OpenAI's clients expect the keys, with null in them.
            try values.encode(param, forKey: .param)
            try values.encode(code, forKey: .code)
        }
    }

    private enum CodingKeys: CodingKey { case error }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Body(message: message, type: type, param: param, code: code), forKey: .error)
    }
}

extension APIError: HTTPResponseError {
    package var status: HTTPResponse.Status { HTTPResponse.Status(code: statusCode) }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers: HTTPFields = [:]
        if let retryAfter {
            headers[.retryAfter] = "\(Int(retryAfter.rounded(.up)))"
            headers[.retryAfterMilliseconds] = "\(Int((retryAfter * 1000).rounded(.up)))"
        }
        if let shouldRetry { headers[.shouldRetry] = shouldRetry ? "true" : "false" }
        if statusCode == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if statusCode == 503 || endsConnection { headers[.connection] = "close" }
        return try .json(self, status: status, headers: headers)
    }
}
