internal import Foundation
internal import SpecSearch

/// Reads an answer of status 200, in the words that the dialects share.
enum Answer {
    /// Decodes an answer.
    ///
    /// - Throws: ``RemoteFailure`` `reported` where it is an error in spite of its status, `malformed` where it is not
    ///   what the dialect says.
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws(RemoteFailure) -> Value {
        if let message = ServerErrorBody.message(in: data) { throw RemoteFailure(.reported, message) }
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: data)
        } catch {
            throw RemoteFailure(.malformed, "an answer that is not understood (\(brief(error)))")
        }
    }

    /// Why a text ended, in the words that vLLM and SGLang share; without an explicit reason it has not.
    static func stop(_ reason: String?, _ match: StopMatch?) throws(RemoteFailure) -> Thought.Stop {
        switch (reason, match) {
        case ("stop", .text): return .delimiter
        case ("stop", _): return .endOfSequence
        case ("length", _): return .length
        case (let reason?, _): throw RemoteFailure(.reported, "the finish reason \"\(reason)\"")
        case (nil, _): throw malformed("a text without a finish reason")
        }
    }

    static func malformed(_ what: String) -> RemoteFailure { RemoteFailure(.malformed, "an answer with \(what)") }

    /// The probability of the first of two labels, in double precision.
    static func share(good: Double, bad: Double) throws(RemoteFailure) -> Double {
        guard good.isFinite, bad.isFinite, good <= 1e-3, bad <= 1e-3 else {
            throw malformed("label log-probabilities \(good) and \(bad)")
        }
        return 1 / (1 + exp(bad - good))
    }

    private static func brief(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        return switch error {
        case .keyNotFound(let key, _): "no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "wrong type at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        case .dataCorrupted: "broken JSON"
        @unknown default: "broken JSON"
        }
    }
}

/// What stopped a text: a stop string, or a token by its id.
enum StopMatch: Decodable {
    case text(String), token(Int)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let token = try? value.decode(Int.self) {
            self = .token(token)
        } else {
            self = .text(try value.decode(String.self))
        }
    }
}
