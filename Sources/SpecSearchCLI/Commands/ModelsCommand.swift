internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch models`.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "Bring models to this machine, and look at them.",
        subcommands: [
            ModelsPullCommand.self, ModelsListCommand.self, ModelsPathCommand.self, ModelsRemoveCommand.self,
            ModelsCheckCommand.self, ModelsTryCommand.self,
        ])
}

/// `specsearch models check`.
struct ModelsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether a folder's models fit together, and what to repair.",
        discussion: """
            Reads draft, target and reward model of a manifest.json, or what tune --optimize made of them for this machine: \
            vocabulary, prompt, delimiter, step token and labels, room for the search, and what forward passes cost here. \
            Ends with status 1 if something would fail.
            """)

    @Argument(
        help: ArgumentHelp(
            "A folder with a manifest.json, the name of a set that was pulled, or a single model's file.",
            valueName: "models"))
    var folder: String

    @Option(help: "Paths that are followed side by side.")
    var beams = 2

    @Option(help: "Thoughts for each of them at every step.")
    var width = 6

    @Option(help: "The steps of a path.")
    var depth = 6

    @Option(
        help: ArgumentHelp(
            "The tokens of a step. (default: 64, or the most that the models may generate)", valueName: "tokens"))
    var stepTokens: Int?

    @Option(help: ArgumentHelp("The tokens of a prompt.", valueName: "tokens"))
    var promptTokens = 128

    @Option(help: ArgumentHelp("The size of each model's KV cache. (default: 4096)", valueName: "tokens"))
    var cacheTokens: Int?

    @OptionGroup
    var placement: PlacementArguments

    @Flag(inversion: .prefixedNo, help: "Time forward passes of the models.")
    var timed = true

    @Flag(help: "Print everything as JSON.")
    var json = false

    func validate() throws {
        guard
            [beams, width, depth, stepTokens ?? 1, promptTokens, cacheTokens ?? 1].allSatisfy({
                (1...1 << 20).contains($0)
            })
        else {
            throw ValidationError("Beams, width, depth and tokens are positive.")
        }
    }

    func run() async throws {
        // Those that every other command runs.
        let set = RequantizedModels().replacing(in: try named())
        var load = ModelCheck.Load()
        load.beams = beams
        load.width = width
        load.depth = depth
        load.stepTokens = stepTokens ?? min(load.stepTokens, set.maximumStepTokens)
        load.promptTokens = promptTokens
        var options = LlamaEngine.Options()
        options.placement = placement.placement
        if options.usesGPUs(set) { options.workers = 1 }
        if let cacheTokens { options.cacheTokens = cacheTokens }
        var check = try ModelCheck(set, load: load, options: options, measures: timed) { role in
            try set[role].flatMap {
                try ModelTrial.fault(
                    of: $0, adapters: (set.adapters[role] ?? []).map(\.file), checksWeights: true)
            }
        }
        try await check.scoreExamples(set, options: options)
        if json {
            try StandardStreams.print(check.json())
        } else {
            try StandardStreams.print(Self.text(of: check))
        }
        if check.level == .error { throw ExitCode(1) }
    }

    /// The set in the folder, or the one file that is named, as a target.
    private func named() throws -> ModelSet {
        let path = try EngineArguments.folder(of: folder)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            return try ModelSet(directory: path)
        }
        return ModelSet(target: path, chatTemplate: "gguf", answerPrefix: "")
    }

    static func text(of check: ModelCheck) -> String {
        let table = MarkdownTable(
            header: ["model", "architecture", "parameters", "weights", "vocabulary", "context", "KV cache a token"]
                + ["ms a pass: 1", "12 sequences"],
            rows: check.models.map(row))
        let marks: [ModelCheck.Finding.Level: String] = [.good: "ok", .warning: "warning", .error: "error"]
        let findings = check.findings.map { finding in
            (marks[finding.level] ?? "").padded(9) + finding.text
                + (finding.remedy.isEmpty ? "" : "\n" + "".padded(9) + finding.remedy)
        }
        let memory = check.memories.map { use in
            "\(use.device.padded(8)) about \(megabytes(use.weights + use.cache + use.compute)) of "
                + "\(use.free > 0 ? megabytes(use.free) : "unknown"): weights \(megabytes(use.weights)), KV caches "
                + "\(megabytes(use.cache)), computing \(megabytes(use.compute))"
        }
        return (table.lines + [""] + findings + (memory.isEmpty ? [] : [""]) + memory).joined(separator: "\n")
    }

    private static func row(of model: ModelCheck.Model) -> [String] {
        let tokenizer = model.preTokenizer.map { " (\($0))" } ?? ""
        let times = [1, 12].map { model.milliseconds[$0]?.fixed(2) ?? "–" }
        return [
            model.role.rawValue, model.architecture, model.parameters.grouped, megabytes(model.weights),
            model.vocabulary.grouped + tokenizer, model.contextLength.grouped, "\(model.cacheBytesPerToken.grouped) B",
        ] + times
    }

    private static func megabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1_048_576).fixed(1)) MiB" }
}
