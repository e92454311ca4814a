internal import Foundation
internal import SpecSearch
internal import SpecSearchLlama

/// `specsearch bench --engine`: what a forward pass of each model costs, by llama.cpp alone.
struct EngineBench {
    /// One model's row.
    private struct Row: Encodable {
        let model: String
        /// Median milliseconds of a pass, by batch size.
        let milliseconds: [String: Double]
    }

    private static let batchSizes = [1, 2, 4, 6, 12, 24, 48]

    static func run(_ engine: LlamaEngine, json: Bool) async throws -> String {
        let figures = try await engine.benchmarkDecode(batchSizes: batchSizes, prefixLength: 128, passes: 24)
        let rows = ModelRole.allCases.map { role in
            Row(
                model: role.rawValue,
                milliseconds: Dictionary(
                    uniqueKeysWithValues: figures.filter { $0.role == role }.map { ("\($0.batchSize)", $0.median) }))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(["models": rows]), as: UTF8.self)
        }
        let table = MarkdownTable(
            header: ["milliseconds a pass"] + batchSizes.map { "batch \($0)" },
            rows: rows.map { row in [row.model] + batchSizes.map { (row.milliseconds["\($0)"] ?? 0).fixed(2) } })
        return table.lines.joined(separator: "\n")
    }
}
