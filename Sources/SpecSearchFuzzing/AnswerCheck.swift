internal import Foundation
internal import SpecSearch
internal import SpecSearchRemote

/// The check of a model server's answer: it is refused with an error, or is as many texts with tokens as were asked for, and
/// numbers in their ranges.
enum AnswerCheck {
    private static func call(_ count: Int) -> GenerationCall {
        GenerationCall(prompt: [1, 2], count: count, sampling: SamplingParameters(), seed: 1, delimiter: "\n\n")
    }

    static func check(_ bytes: [UInt8]) throws {
        let answer = Data(bytes)
        for dialect in Dialect.allCases {
            let codec = dialect.codec
            for count in 1...2 {
                let call = call(count)
                if let read = try value({ try codec.completions(answer, for: call) }) {
                    try check(read, of: call, hasTokens: dialect != .openAI)
                }
            }
            if let score = try value({ try codec.labelScore(answer, good: 16, bad: 18) }) {
                try Violation.unless((0...1).contains(score), "\(dialect): the share \(score)")
            }
            if let values = try value({ try codec.logProbabilities(answer, of: [3, 4], after: [1, 2]) }) {
                try Violation.unless(
                    values.count == 2 && values.allSatisfy { $0 <= 0 && $0.isFinite },
                    "\(dialect): the log-probabilities \(values)")
            }
            if let rows = try value({ try codec.classRows(answer) }) {
                try Violation.unless(rows.joined().allSatisfy(\.isFinite), "\(dialect): the rows \(rows)")
            }
            _ = try value { try codec.tokens(answer) }
            _ = try value { try codec.chat(answer) }
        }
    }

    private static func check(_ read: Completions, of call: GenerationCall, hasTokens: Bool) throws {
        try Violation.unless(read.siblings.count == call.count, "\(read.siblings.count) texts for \(call.count)")
        try Violation.unless(!hasTokens || read.siblings.allSatisfy { !$0.tokens.isEmpty }, "a text without tokens")
        let usage = read.usage
        try Violation.unless(
            min(usage.evaluatedTokens, usage.prefillTokens, usage.outputTokens, usage.proposedTokens) >= 0,
            "a negative count of tokens: \(usage)")
    }

    /// What was read; nil where it was refused as it should be.
    private static func value<Value>(_ read: () throws -> Value) throws -> Value? {
        do {
            return try read()
        } catch is RemoteFailure {
            return nil
        } catch is SpecSearchError {
            return nil
        }
    }
}
