internal import Foundation

/// A place where bytes come in from outside, for a fuzzer and for the replay of its corpus: reads them, and checks what
/// must hold whatever they are.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Bodies of requests to the server.
    case requests
    /// Answers of model servers, in every dialect.
    case answers
    /// Recorded searches: read, written again, replayed, put into a page.
    case traces

    /// - Throws: ``Violation`` where something does not hold; a crash is one by itself.
    public func check(_ bytes: [UInt8]) async throws {
        switch self {
        case .requests: try RequestCheck.check(bytes)
        case .answers: try AnswerCheck.check(bytes)
        case .traces: try await TraceCheck.check(bytes)
        }
    }
}

/// Something that does not hold of an input.
public struct Violation: Error, CustomStringConvertible {
    public let description: String

    static func unless(_ holds: @autoclosure () throws -> Bool, _ what: @autoclosure () -> String) throws {
        guard try holds() else { throw Violation(description: what()) }
    }
}
