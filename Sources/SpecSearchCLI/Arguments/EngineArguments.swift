internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchLlama

/// Which models to run, and how.
struct EngineArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder with a manifest.json that names draft, target and reward model. (default: the shipped trio)",
            valueName: "dir"))
    var models: String?

    @Option(help: ArgumentHelp("The draft's GGUF file, with --target and --prm.", valueName: "file"))
    var draft: String?

    @Option(help: ArgumentHelp("The target's GGUF file.", valueName: "file"))
    var target: String?

    @Option(
        help: ArgumentHelp(
            "The reward model's GGUF file; its description is the file of the same name that ends in .json.",
            valueName: "file"))
    var prm: String?

    @Option(
        help: ArgumentHelp(
            "With --draft, --target and --prm: the prompt, with {problem} in it, or gguf for the model's own template.",
            valueName: "template"))
    var chatTemplate = "gguf"

    @Option(
        help: ArgumentHelp(
            "Threads of a forward pass; more than the free cores is far slower than one. (default: what tune chose, else 1)",
            valueName: "n"))
    var threads: Int?

    @Flag(help: "Run the models as by default, even if tune has measured something better.")
    var noTune = false

    @Option(
        help: ArgumentHelp(
            "How many threads serve concurrent problems side by side. (default: two a core, at most 8)",
            valueName: "n"))
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "The most tokens that the draft proposes to the target at once; 0 for no token-level speculation.",
            valueName: "tokens"))
    var draftLength: Int?

    func validate() throws {
        let files = [draft, target, prm]
        guard files.allSatisfy({ $0 == nil }) || files.allSatisfy({ $0 != nil }) else {
            throw ValidationError("--draft, --target and --prm go together.")
        }
        guard models == nil || draft == nil else {
            throw ValidationError("Give either --models or --draft, --target and --prm.")
        }
        guard (1...256).contains(threads ?? 1) else { throw ValidationError("--threads lies in 1 ... 256.") }
        guard (1...64).contains(workers ?? 1) else { throw ValidationError("--workers lies in 1 ... 64.") }
        guard (0...64).contains(draftLength ?? 0) else { throw ValidationError("--draft-length lies in 0 ... 64.") }
    }

    /// The models that were asked for.
    func modelSet() throws -> ModelSet {
        if let draft, let target, let prm {
            return ModelSet(
                draft: draft, target: target, prm: prm, rewardModel: ModelSet.description(of: prm),
                chatTemplate: chatTemplate)
        }
        return try ModelSet(directory: try modelsFolder())
    }

    /// The folder of `--models`, or of the shipped trio.
    func modelsFolder() throws -> String {
        if let models { return models }
        guard let shipped = Self.shippedModels() else {
            throw EngineError(
                .badModelFile, "The shipped models were not found beside this program or here.",
                remedy: "Run it from the repository, or name a folder with --models.")
        }
        return shipped
    }

    /// How the engine runs them for one kind of search.
    func options(for search: SearchKind) -> EngineOptions {
        var options = EngineOptions(draftLength: draftLength)
        if !noTune, let models = try? modelSet(), let cost = CostModelCache(models).load() {
            options.adopt(cost, of: models)
        }
        if let threads { options.threads = threads }
        if let workers { options.workers = workers }
        // Tree search comes back to nodes that the others have left for good.
        if search == .mcts || search == .mctsOpenR { options.retention = .all }
        return options
    }

    /// Loads the models for one kind of search, and says so on a terminal.
    func load(_ terminal: Terminal, for search: SearchKind) async throws -> LlamaEngine {
        let set = try modelSet()
        terminal.progress("Loading \(set.name) …")
        defer { terminal.endProgress() }
        return try await LlamaEngine.load(set, options: options(for: search))
    }

    /// `Models/` in the working directory, or in a folder above the program: the trio ships with the repository.
    static func shippedModels() -> String? {
        var folders = [URL(fileURLWithPath: FileManager.default.currentDirectoryPath)]
        var place = (Bundle.main.executableURL ?? folders[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        for _ in 0..<6 {
            folders.append(place)
            place.deleteLastPathComponent()
        }
        return folders.map { $0.appending(path: "Models") }
            .first { FileManager.default.fileExists(atPath: $0.appending(path: "manifest.json").path) }?.path
    }
}
