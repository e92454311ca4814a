import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct RecordFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "records-\(UUID().uuidString)")
    private var url: URL { folder.appending(path: "records.jsonl") }

    private func records(_ count: Int) -> [EvaluationRecord] {
        (0..<count).map { .sample(variant: "ar", problem: "p\($0) \"/é", seconds: 0.1 * Double($0)) }
    }

    private func written(_ records: [EvaluationRecord]) async throws -> Data {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = try RecordFile<EvaluationRecord>(url)
        for record in records { try await file.append(record) }
        return try Data(contentsOf: url)
    }

    @Test func `Records come back as they were`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let written = records(4)
        _ = try await self.written(written)
        let file = try RecordFile<EvaluationRecord>(url)
        #expect(file.records == written)
        #expect(file.damagedLines.isEmpty)
    }

    @Test func `Cut at any byte, the whole records stay, and one can go on`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let written = records(3)
        let whole = try await self.written(written)
        let ends = whole.enumerated().filter { $0.element == UInt8(ascii: "\n") }.map(\.offset)
        for length in 0...whole.count {
            try whole.prefix(length).write(to: url)
            // A last line that lacks only its end is whole.
            let kept = ends.count { $0 < length } + (ends.contains(length) ? 1 : 0)
            do {
                let file = try RecordFile<EvaluationRecord>(url)
                #expect(file.records == Array(written.prefix(kept)), "cut at \(length)")
                for record in written.dropFirst(kept) { try await file.append(record) }
            }
            // Where nothing is appended nothing is repaired either.
            let expected = kept == written.count ? Data(whole.prefix(length)) : whole
            #expect(try Data(contentsOf: url) == expected, "cut at \(length)")
        }
    }

    @Test func `A record that was changed is dropped, the others stay`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try await written(records(3))
        var text = String(decoding: whole, as: UTF8.self)
        let place = try #require(text.range(of: "\"seconds\":0.1"))
        text.replaceSubrange(place, with: "\"seconds\":0.2")
        try text.write(to: url, atomically: true, encoding: .utf8)
        let file = try RecordFile<EvaluationRecord>(url)
        #expect(file.records.map(\.problem) == [records(3)[0].problem, records(3)[2].problem])
        #expect(file.damagedLines == [2])
    }

    @Test func `Opening a damaged file changes nothing; the next record goes behind its last whole line`() async throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        var data = try await written(records(2))
        let whole = data
        data.append(Data("not a record\n".utf8))
        data.append(Data("torn".utf8))
        try data.write(to: url)
        do {
            let file = try RecordFile<EvaluationRecord>(url)
            #expect(file.records.count == 2 && file.damagedLines == [3, 4])
            #expect(try Data(contentsOf: url) == data)
            try await file.append(records(3)[2])
        }
        let after = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        let before = String(decoding: whole, as: UTF8.self)
        #expect(after.hasPrefix("\(before)not a record\n{"))
        #expect(try RecordFile<EvaluationRecord>(url).records == records(3))
    }

    @Test func `Two runs cannot write to one file`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let first = try RecordFile<EvaluationRecord>(url)
        #expect(throws: SpecSearchError.self) { try RecordFile<EvaluationRecord>(url) }
        try await first.append(records(1)[0])
    }
}
