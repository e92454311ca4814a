import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct RunSummaryTests {
    private func record(
        _ variant: String, _ id: Int, right: Bool, seconds: Double, proposed: Int = 0, accepted: Int = 0
    ) -> EvaluationRecord {
        var usage = Usage()
        usage[.target].evaluatedTokens = 10
        usage[.target].proposedTokens = proposed
        usage[.target].acceptedTokens = accepted
        var record = EvaluationRecord.sample(variant: variant, problem: "\(id)", right: right, seconds: seconds)
        record.usage = usage
        record.phases = [.target: seconds]
        record.acceptance.judged = 4
        record.acceptance.kept = 3
        return record
    }

    @Test func `The speed-up is the ratio of sums, and differences are paired`() throws {
        let slow = (0..<10).map { record("ar", $0, right: $0 < 8, seconds: Double($0 + 1)) }
        let fast = (0..<10).map {
            record("specsearch", $0, right: $0 < 9, seconds: Double($0 + 1) / 4, proposed: 8, accepted: 2)
        }
        let report = RunSummary(slow + fast, variants: ["ar", "specsearch"])
        let comparison = try #require(report.comparisons.first)
        #expect(report.comparisons.count == 1)
        #expect(comparison.method == "specsearch" && comparison.baseline == "ar")
        #expect(abs(comparison.speedup - 4) < 1e-12)
        #expect(abs(comparison.accuracyDifference - 0.1) < 1e-12)
        #expect(report.methods[0].accuracy == 0.8)
        #expect(report.methods[0].seconds == 55)
        #expect(report.methods[1].tokens.target == 100)
        #expect(report.methods[1].tokenAcceptance == 0.25)
        #expect(report.methods[0].tokenAcceptance == nil)
        #expect(report.methods[0].acceptance == 0.75)
    }

    @Test func `A failed search is in no figure, its pair in no comparison, and it is named`() throws {
        let slow = (0..<10).map { record("ar", $0, right: true, seconds: 2) }
        var fast = (0..<10).map { record("half", $0, right: $0 < 8, seconds: 1) }
        for place in [8, 9] {
            fast[place] = EvaluationRecord(
                variant: "half", problem: GradedProblem(problem: Problem(id: "\(place)", text: "?"), answer: "1"),
                seed: 0,
                error: SpecSearchError(.contextOverflow, "Too long.", remedy: "Shorten it."))
        }
        let report = RunSummary(slow + fast, variants: ["ar", "half"])
        let comparison = try #require(report.comparisons.first)
        #expect(comparison.speedup == 2 && comparison.geometricSpeedup == 2)
        #expect(comparison.accuracyDifference == 0 && comparison.onlyBaselineRight == 0)
        #expect(report.methods[0].accuracy == 1 && report.methods[0].failures == 0)
        #expect(report.methods[1].accuracy == 1 && report.methods[1].failures == 2 && report.methods[1].finished == 8)
        #expect(report.methods[1].seconds == 8)
        #expect(report.failed.map(\.problem) == ["8", "9"])
        #expect(report.failed.first?.error == "Too long. Shorten it.")
        let none = RunSummary(fast.suffix(2).map { $0 }, variants: ["half"])
        #expect(none.methods[0].accuracy == nil && none.comparisons.isEmpty)
    }

    @Test func `The JSON has the documented names`() throws {
        let records = ["ar", "sps"].flatMap {
            [record($0, 0, right: true, seconds: 2), record($0, 1, right: false, seconds: 4)]
        }
        let data = try JSONEncoder().encode(RunSummary(records, variants: ["ar", "sps"]))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let method = try #require((object["methods"] as? [[String: Any]])?.first)
        #expect(Set(["method", "problems", "accuracy", "seconds", "tokens"]).isSubset(of: method.keys))
        #expect(Set((method["tokens"] as? [String: Any] ?? [:]).keys) == ["draft", "target", "prm"])
        let comparison = try #require((object["comparisons"] as? [[String: Any]])?.first)
        #expect(
            Set(comparison.keys).isSuperset(of: [
                "method", "baseline", "speedup", "speedup_interval", "accuracy_difference", "accuracy_interval",
            ]))
    }
}

extension EvaluationRecord {
    /// A record as a search would give it, without any models.
    static func sample(
        variant: String, problem: String, seed: UInt64 = 0, right: Bool = true, seconds: Double = 1
    ) -> EvaluationRecord {
        let problem = GradedProblem(problem: Problem(id: problem, text: "?"), answer: "1")
        struct Nothing: Error {}
        var record = EvaluationRecord(variant: variant, problem: problem, seed: seed, error: Nothing())
        record.error = nil
        record.verdict = right ? .right : .wrong
        record.seconds = seconds
        return record
    }
}
