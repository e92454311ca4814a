internal import ArgumentParser
internal import Foundation
internal import ModelHub
internal import SpecSearch
internal import SpecSearchLlama

/// Which models to run in this process, and how.
struct EngineArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A set of models by its name (see models list), or a folder with a manifest.json. (default: the shipped set)",
            valueName: "name"))
    var models: String?

    @Option(
        help: ArgumentHelp(
            "The draft's GGUF file. Of --draft, --target and --prm, those that the method needs are enough.",
            valueName: "file"))
    var draft: String?

    @Option(help: ArgumentHelp("The target's GGUF file.", valueName: "file"))
    var target: String?

    @Option(
        help: ArgumentHelp(
            "The reward model's GGUF file; its configuration is the file of the same name that ends in .json.",
            valueName: "file"))
    var prm: String?

    @Option(
        help: ArgumentHelp(
            "A LoRA adapter over the draft, the target or the reward model (prm), as its GGUF file; may be given several "
                + "times.", valueName: "role:file[@scale]"))
    var adapter: [String] = []

    @Option(
        help: ArgumentHelp(
            "With --draft, --target or --prm: the prompt, with {problem} in it and \\n for the end of a line, or gguf for the "
                + "model's own template. (default: what a manifest.json beside them says, else gguf)",
            valueName: "template"))
    var chatTemplate: String?

    @Option(
        help: ArgumentHelp(
            "The most threads of a forward pass; it has one while others have the cores. (default: what tune chose, else the physical cores for models of more than 64 MB, 1 for smaller ones)",
            valueName: "n"))
    var threads: Int?

    @Flag(help: "Run the models as they are and as by default, even if tune has measured something better.")
    var noTune = false

    @Option(
        help: ArgumentHelp(
            "How many threads serve concurrent problems side by side. (default: two a core, at most 8)",
            valueName: "n"))
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "The most tokens that the draft proposes to the target at once; 0 for no token-level speculation. "
                + "(default: what tune chose, else what suits the models)", valueName: "tokens"))
    var numSpeculativeTokens: Int?

    @Option(help: ArgumentHelp("The size of each model's KV cache. (default: 4096)", valueName: "tokens"))
    var cacheTokens: Int?

    @OptionGroup
    var placement: PlacementArguments

    /// Whether models are named one by one.
    var namesFiles: Bool { draft != nil || target != nil || prm != nil }

    /// Whether models are named at all.
    var namesModels: Bool { models != nil || namesFiles }

    func validate() throws {
        for (option, name) in [
            ("--models", models), ("--draft", draft), ("--target", target), ("--prm", prm),
            ("--chat-template", chatTemplate),
        ] where name == "" {
            throw ValidationError("\(option) is empty.")
        }
        guard models == nil || !namesFiles else {
            throw ValidationError("Give either --models or --draft, --target and --prm.")
        }
        guard chatTemplate == nil || namesFiles else {
            throw ValidationError(
                "--chat-template goes with --draft, --target or --prm: a folder's manifest.json has it.")
        }
        guard (1...256).contains(threads ?? 1) else { throw ValidationError("--threads lies in 1 ... 256.") }
        guard (1...64).contains(workers ?? 1) else { throw ValidationError("--workers lies in 1 ... 64.") }
        guard (0...64).contains(numSpeculativeTokens ?? 0) else {
            throw ValidationError("--num-speculative-tokens lies in 0 ... 64.")
        }
        guard (64...1 << 24).contains(cacheTokens ?? 64) else {
            throw ValidationError("--cache-tokens lies in 64 ... \(1 << 24).")
        }
        _ = try adapters()
    }

    /// The models that are run: those that were asked for, or what was made of them for this machine.
    func modelSet() throws -> ModelSet {
        noTune ? try namedSet() : RequantizedModels().replacing(in: try namedSet())
    }

    /// What is run in the place of the models that were asked for, for people.
    func replacements() throws -> [String] {
        noTune
            ? []
            : RequantizedModels().replacements(in: try namedSet())
                .map { ModelsListCommand.text($0.key, $0.value) }.sorted()
    }

    /// The models that were asked for.
    func namedSet() throws -> ModelSet {
        var set = namesFiles ? namedFiles : try ModelSet(directory: try modelsFolder())
        for (role, list) in try adapters() { set.adapters[role, default: []] += list }
        // Before anything looks into the files.
        try ModelTrial.check(set)
        return set
    }

    /// The models that are named one by one; where they are those of a manifest beside them, with what suits them.
    private var namedFiles: ModelSet {
        var set = ModelSet(draft: draft, target: target, rewardModel: prm, chatTemplate: "gguf", answerPrefix: "")
        let named = ModelRole.allCases.filter { set[$0] != nil }
        let folder = named.first.flatMap { set[$0] }.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        if let folder, let known = try? ModelSet(directory: folder),
            named.allSatisfy({ role in known[role].map { OutputFile.areSame($0, set[role] ?? "") } ?? false })
        {
            var same = known
            for role in ModelRole.allCases where set[role] == nil { same.remove(role) }
            set = same
        }
        if let chatTemplate { set.chatTemplate = chatTemplate.typed }
        return set
    }

    /// What `--adapter` says.
    private func adapters() throws -> [ModelRole: [ModelSet.Adapter]] {
        var result: [ModelRole: [ModelSet.Adapter]] = [:]
        for text in adapter {
            guard let colon = text.firstIndex(of: ":"), let role = ModelRole(rawValue: String(text[..<colon])) else {
                throw ValidationError(
                    "--adapter is ROLE:FILE or ROLE:FILE@SCALE, with draft, target or prm, not \(text).")
            }
            var file = String(text[text.index(after: colon)...])
            var scale = 1.0
            if let at = file.lastIndex(of: "@"), let number = Double(file[file.index(after: at)...]) {
                (file, scale) = (String(file[..<at]), number)
            }
            guard !file.isEmpty, scale.isFinite else { throw ValidationError("--adapter \(text) names no file.") }
            result[role, default: []].append(ModelSet.Adapter(file: file, scale: scale))
        }
        return result
    }

    /// The files that are read, as far as they are named.
    func readFiles() throws -> [String] {
        let set = try namedSet()
        return ModelRole.allCases.flatMap { role in
            [set[role]].compactMap(\.self) + (set.adapters[role] ?? []).map(\.file)
        }
    }

    /// The folder of `--models`, or of the shipped model set.
    func modelsFolder() throws -> String {
        if let models { return try Self.folder(of: models) }
        guard let shipped = Self.shippedModels() else {
            throw SpecSearchError(
                .badModelFile, "The shipped models were not found beside this program, where it was built, or here.",
                remedy: "Run it from the repository, name a folder with --models, or bring models by models pull.")
        }
        return shipped
    }

    /// The folder that a name stands for: a folder as it is, else a set that was pulled.
    static func folder(of name: String) throws -> String {
        if FileManager.default.fileExists(atPath: name) || name.contains("/") && !name.hasPrefix("hf:") { return name }
        if name == "trio", let shipped = shippedModels() { return shipped }
        return try ModelStore().path(name).folder
    }

    /// How the engine runs models.
    ///
    /// - Parameters:
    ///   - models: Those that run in this process.
    ///   - isTuned: Whether `tune` may have measured them.
    func options(for models: ModelSet, isTuned: Bool = true) -> LlamaEngine.Options {
        var options = LlamaEngine.Options()
        options.placement = placement.placement
        if !noTune, isTuned, let cost = CostModelCache(models, placement: options.placement).load() {
            options.adopt(cost, of: models)
        }
        // On a GPU one worker has all problems in its passes; a second would need caches of its own there.
        if options.usesGPUs(models) { options.workers = 1 }
        if let threads { (options.threads, options.roleThreads) = (threads, [:]) }
        if let workers { options.workers = workers }
        if let numSpeculativeTokens { options.numSpeculativeTokens = numSpeculativeTokens }
        if let cacheTokens { options.cacheTokens = cacheTokens }
        return options
    }

    /// Loads the models, and says so on a terminal.
    func load(_ terminal: Terminal) async throws -> LlamaEngine {
        let set = try modelSet()
        terminal.progress("Loading \(set.name) …")
        defer { terminal.endProgress() }
        return try await LlamaEngine(set, options: options(for: set))
    }

    /// `Models/` in a folder above the program, or where it was built, or in the working directory: the models ship with the
    /// repository, and another `Models/` that happens to be here is not them.
    static func shippedModels() -> String? {
        let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        var folders: [URL] = []
        var place = (Bundle.main.executableURL ?? here).resolvingSymlinksInPath().deletingLastPathComponent()
        for _ in 0..<6 {
            folders.append(place)
            place.deleteLastPathComponent()
        }
        var source = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { source.deleteLastPathComponent() }
        folders += [source, here]
        return folders.map { $0.appending(path: "Models").path }.first {
            (try? ModelSet(directory: $0).name) == "specsearch-trio"
        }
    }
}
