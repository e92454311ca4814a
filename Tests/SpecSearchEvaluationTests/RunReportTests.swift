import Foundation
import MathGrading
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct RunReportTests {
    private let manifest: RunManifest
    private let file: URL

    init() throws {
        file = FileManager.default.temporaryDirectory.appending(path: "data-\(UUID().uuidString)")
        try Data("x".utf8).write(to: file)
        let data = try RunManifest.File(path: file.path)
        var sps = SearchConfiguration()
        sps.method = .sps
        manifest = RunManifest(
            title: "A <b>run</b>", arguments: ["--limit", "40"], software: ["specsearch": "1"], dataset: data,
            grading: .strict, problems: (0..<40).map { "p\($0)" }, seeds: [0],
            variants: [
                Variant(name: "ar", configuration: sps), Variant(name: "half", configuration: SearchConfiguration()),
            ], models: ["draft": data], engine: [:], margin: 0.05)
    }

    /// Both right everywhere, the second twice as fast.
    private var records: [EvaluationRecord] {
        manifest.problems.flatMap { problem in
            [
                EvaluationRecord.sample(variant: "ar", problem: problem, seconds: 2),
                EvaluationRecord.sample(variant: "half", problem: problem, seconds: 1),
            ]
        }
    }

    private func markdown(_ records: [EvaluationRecord]) -> String {
        MarkdownReport(ReportDocument(title: "T", blocks: RunReport(manifest, records, slug: "r").blocks)).text
    }

    @Test func `The verdict, the tables and the circumstances are told`() throws {
        defer { try? FileManager.default.removeItem(at: file) }
        let text = markdown(records)
        #expect(text.contains("`half` runs 2.00 times as fast as `ar` (2.00 – 2.00), with +0.0 points of accuracy"))
        #expect(text.contains("| half / ar  | 2.00 (2.00 – 2.00) |"))
        #expect(text.contains("specsearch evaluate --limit 40"))
        // SHA-256 of "x".
        #expect(text.contains("2d711642b726b044"))
        #expect(!text.contains("Not finished"))
    }

    @Test func `An unfinished run says so`() {
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(markdown(Array(records.prefix(7))).contains("7 of 80 searches"))
        #expect(markdown([]).contains("0 of 80 searches"))
    }

    @Test func `A loss within the margin is told as not inferior only if the interval says so`() {
        defer { try? FileManager.default.removeItem(at: file) }
        func verdict(_ wrong: Int, _ count: Int) -> NonInferiority.Verdict? {
            let records = (0..<count).flatMap { index in
                [
                    EvaluationRecord.sample(variant: "ar", problem: "\(index)"),
                    EvaluationRecord.sample(variant: "half", problem: "\(index)", right: index >= wrong),
                ]
            }
            return RunSummary(records, variants: ["ar", "half"], margin: 0.05).comparisons.first?.nonInferiority?
                .verdict
        }
        #expect(verdict(0, 400) == .nonInferior)
        #expect(verdict(2, 40) == .inconclusive)
        #expect(verdict(60, 400) == .inferior)
    }

    @Test func `Variants are compared as the plan says, every pair once`() {
        defer { try? FileManager.default.removeItem(at: file) }
        let names = ["a", "b", "c", "d"]
        let records = names.flatMap { variant in
            (0..<3).map { EvaluationRecord.sample(variant: variant, problem: "\($0)") }
        }
        func compared(_ plan: ComparisonPlan) -> [String] {
            RunSummary(records, variants: names, comparing: plan).comparisons.map { "\($0.method)/\($0.baseline)" }
        }
        #expect(compared(.all) == ["b/a", "c/a", "c/b", "d/a", "d/b", "d/c"])
        #expect(compared(.against(["c"])) == ["a/c", "b/c", "d/c"])
        #expect(compared(.against(["a", "c"])) == ["b/a", "b/c", "c/a", "d/a", "d/c"])
        #expect(compared(.against([])) == [])
        #expect(compared(.groups(of: 2)) == ["b/a", "d/c"])
        #expect(compared(.groups(of: 3)) == ["b/a", "c/a", "c/b"])
    }

    @Test func `A manifest of the first edition is refused by its version`() throws {
        defer { try? FileManager.default.removeItem(at: file) }
        let folder = RunFolder(file.path + "-old")
        defer { try? FileManager.default.removeItem(at: folder.url) }
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        let old = #"{"version":1,"variants":[{"name":"ar","configuration":{"speculation":{"width":6}},"models":{}}]}"#
        try Data(old.utf8).write(to: folder.url.appending(path: "manifest.json"))
        let error = #expect(throws: SpecSearchError.self) { try folder.manifest() }
        #expect(error?.code == .badTrace && error?.message.contains("version 1") == true)
    }

    @Test func `Searches that failed are told, and no figure has them`() {
        defer { try? FileManager.default.removeItem(at: file) }
        var records = records
        records[1].verdict = .failed
        records[1].error = "no answer from the server"
        let text = markdown(records)
        #expect(text.contains("**Failed:** 1 of 80 searches"))
        #expect(text.contains("`half` on `p0`, seed 0: no answer from the server"))
        #expect(text.contains("`half` runs 2.00 times as fast as `ar` (2.00 – 2.00), with +0.0 points of accuracy"))
    }

    private func inFolder(_ work: (RunFolder) async throws -> Void) async throws {
        let folder = RunFolder(file.path + "-run")
        defer {
            try? FileManager.default.removeItem(at: folder.url)
            try? FileManager.default.removeItem(at: file)
        }
        try await work(folder)
    }

    @Test func `A manifest comes back as it was`() async throws {
        try await inFolder { folder in
            try await folder.begin(manifest, try folder.claim())
            #expect(try folder.manifest() == manifest)
        }
    }

    @Test func `Of two runs in one folder the second is refused before it changes anything`() async throws {
        try await inFolder { folder in
            let first = try folder.claim()
            #expect(throws: SpecSearchError.self) { try folder.claim() }
            try await folder.begin(manifest, first)
            #expect(throws: SpecSearchError.self) { try folder.claim() }
            #expect(throws: SpecSearchError.self) { try folder.records() }
            #expect(try folder.manifest() == manifest)
        }
    }

    @Test func `A run of which no search succeeded is replaced by the corrected command, and no other is`() async throws
    {
        try await inFolder { folder in
            var failed = EvaluationRecord.sample(variant: "ar", problem: "p0")
            failed.verdict = .failed
            do {
                let file = try folder.claim()
                try await folder.begin(manifest, file)
                try await file.append(failed)
            }
            var corrected = manifest
            corrected.title = "Corrected"
            do {
                let file = try folder.claim()
                try await folder.begin(corrected, file)
                #expect(try folder.finishedRecords(corrected) == [])
                try await file.append(EvaluationRecord.sample(variant: "ar", problem: "p0"))
            }
            #expect(try folder.manifest().title == "Corrected")
            let error = #expect(throws: SpecSearchError.self) { try folder.claim() }
            #expect(error?.message.contains("holds a run already") == true)
            #expect(try folder.finishedRecords(corrected).count == 1)
        }
    }

    @Test func `A folder with records that are no run's is refused, and they stay`() async throws {
        try await inFolder { folder in
            try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
            let records = folder.url.appending(path: "records.jsonl")
            try Data("mine\n".utf8).write(to: records)
            #expect(throws: SpecSearchError.self) { try folder.claim() }
            #expect(try String(contentsOf: records, encoding: .utf8) == "mine\n")
        }
    }

    @Test(
        "A manifest that was edited until it contradicts itself is refused with what is wrong",
        arguments: [
            (#""name" : "half""#, #""name" : "ar""#, "each needs a name of its own"),
            (#""concurrency" : 1"#, #""concurrency" : 0"#, "concurrency"),
            (#""margin" : 0.05"#, #""margin" : 5"#, "margin"),
            (#""p1","#, #""p0","#, "each stands there once"),
            (#""bytes" : 1"#, #""bytes" : "one""#, "\"dataset.bytes\" is not a whole number"),
        ])
    func edited(_ old: String, _ new: String, _ expected: String) async throws {
        try await inFolder { folder in
            try await folder.begin(manifest, try folder.claim())
            let url = folder.url.appending(path: "manifest.json")
            let text = try String(contentsOf: url, encoding: .utf8)
            try #require(text.contains(old))
            try text.replacing(old, with: new).write(to: url, atomically: true, encoding: .utf8)
            let error = #expect(throws: SpecSearchError.self) { try folder.manifest() }
            #expect(error?.code == .badTrace && error?.message.contains(expected) == true, "\(error?.message ?? "")")
        }
    }

    @Test func `A record with a count or a time that cannot be is left out, whatever its checksum says`() async throws {
        try await inFolder { folder in
            do {
                let file = try folder.claim()
                try await folder.begin(manifest, file)
                var wrong = EvaluationRecord.sample(variant: "ar", problem: "p0", seconds: 1e300)
                try await file.append(wrong)
                wrong.seconds = 1
                wrong.acceptance.judged = .max
                try await file.append(wrong)
                try await file.append(EvaluationRecord.sample(variant: "half", problem: "p0"))
            }
            #expect(try folder.records().damagedLines == [1, 2])
            #expect(RunSummary(try folder.finishedRecords(manifest), manifest).methods[1].problems == 1)
        }
    }
}
