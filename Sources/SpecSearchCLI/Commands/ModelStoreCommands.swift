internal import ArgumentParser
internal import Foundation
internal import ModelHub
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import Synchronization

/// `specsearch models pull`.
struct ModelsPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Bring models to this machine.",
        discussion: """
            NAME is a set of the catalogue (see models list), or hf:OWNER/REPO, hf:OWNER/REPO:QUANT or \
            hf:OWNER/REPO/FILE of the Hugging Face hub. Files go into the hub's own cache, which other programs share; \
            HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are respected. A pull that was stopped goes on \
            where it was. Solve with the models then: solve --models NAME.
            """)

    @Argument(help: ArgumentHelp("A set, or hf:OWNER/REPO[:QUANT|/FILE].", valueName: "name"))
    var name: String

    @Flag(help: "Then find out whether the models are faster here in another type: tune --optimize.")
    var optimize = false

    func run() async throws {
        let store = try ModelStore()
        let terminal = Terminal()
        let shown = PullLines(terminal)
        let ((set, trials), interruption) = try await Interruption.guarding {
            [name, optimize] () async throws -> (InstalledSet, [RequantizedModels.Trial]) in
            let set = try await store.pull(name) { shown.show($0) }
            guard optimize else { return (set, []) }
            let models = try ModelSet(directory: set.folder)
            try ModelTrial.check(models)
            return (set, try Optimization.run(models, allowing: .init(), terminal))
        }
        terminal.endProgress()
        try StandardStreams.print(set.folder)
        if optimize { Terminal.say(Optimization.text(trials)) }
        Terminal.say("Solve with it: specsearch solve --models \(set.reference) \"…\"")
        Terminal.say(
            "Faster, after some minutes of measuring here: specsearch tune --optimize --models \(set.reference)")
        if let interruption { throw interruption }
    }
}

/// A pull's progress: a live line on a terminal, else a line at each change of phase and every tenth part.
private final class PullLines: Sendable {
    private let terminal: Terminal
    private let last = Mutex("")

    init(_ terminal: Terminal) { self.terminal = terminal }

    func show(_ progress: PullProgress) {
        if let message = progress.message {
            terminal.endProgress()
            Terminal.say(message)
        }
        var quiet = progress
        quiet.message = nil
        guard !terminal.showsProgress else { return terminal.progress(quiet.description) }
        let part = progress.total.map { $0 > 0 ? progress.completed * 10 / $0 : 0 } ?? 0
        let key = "\(progress.file) \(progress.phase) \(part)"
        let isNew = last.withLock { last in
            defer { last = key }
            return last != key
        }
        if isNew { Terminal.say(quiet.description) }
    }
}

/// `specsearch models list`.
struct ModelsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the sets of models that there are, and what is on this machine.")

    @Flag(help: "Print everything as JSON.")
    var json = false

    func run() throws {
        let requantized = RequantizedModels()
        let sets = try ModelStore().list().map { Row(set: $0, requantized: Self.requantized($0, requantized)) }
        if json { return try StandardStreams.print(sets.json()) }
        for row in sets {
            let set = row.set
            let size = set.size.map { ", \(Self.megabytes($0))" } ?? ""
            let state = set.state == .partial ? "partly here" : set.state == .absent ? "not here" : set.state.rawValue
            try StandardStreams.print(
                "\(set.reference.padded(24)) \(state)\(size)\(set.tried ? "" : ", not tried by us")")
            try StandardStreams.print("    \(set.summary)")
            for line in row.requantized.map({ Self.text($0.key, $0.value) }).sorted() {
                try StandardStreams.print("    \(line)")
            }
        }
        try StandardStreams.print("")
        try StandardStreams.print(
            "specsearch models pull NAME brings one; your own stand in ~/.config/specsearch/models.json.")
    }

    /// A set, and what runs in the place of its files here.
    private struct Row: Encodable {
        let set: ListedSet
        let requantized: [ModelRole: RequantizedModel]

        private enum CodingKeys: CodingKey { case requantized }

        func encode(to encoder: any Encoder) throws {
            try set.encode(to: encoder)
            guard !requantized.isEmpty else { return }
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(requantized, forKey: .requantized)
        }
    }

    private static func requantized(_ set: ListedSet, _ models: RequantizedModels) -> [ModelRole: RequantizedModel] {
        func path(_ role: ModelRole) -> String? { set.models.first { $0.role == role }?.path }
        return models.replacements(
            in: ModelSet(draft: path(.draft), target: path(.target), rewardModel: path(.rewardModel)))
    }

    /// What runs in the place of a role's file.
    static func text(_ role: ModelRole, _ model: RequantizedModel) -> String {
        "The \(role.rawValue) runs here as \(model.form), "
            + "\((model.speedups[role] ?? 1).fixed(2)) times as fast: \(megabytes(model.size)) in \(model.path)"
    }

    static func megabytes(_ bytes: Int64) -> String { "\((Double(bytes) / 1e6).fixed(0)) MB" }
}

/// `specsearch models rm`.
struct ModelsRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a set's files from this machine, but for those that another set needs.")

    @Argument(help: ArgumentHelp("A set, or hf:OWNER/REPO[:QUANT|/FILE].", valueName: "name"))
    var name: String

    @Flag(help: "Print everything as JSON.")
    var json = false

    func run() throws {
        let store = try ModelStore()
        let paths = (try? store.path(name).files.values).map { Array($0) } ?? []
        // What a file is recognised by is gone with the file.
        let requantized = RequantizedModels()
        let made = paths.map { ($0, requantized.models(of: $0)) }
        var removed = try store.remove(name)
        for (path, models) in made where removed.kept[path] == nil {
            for model in models { removed.freed += requantized.remove(model) }
        }
        if json { return try StandardStreams.print(removed.json()) }
        try StandardStreams.print("Freed \(ModelsListCommand.megabytes(removed.freed)).")
        for (path, set) in removed.kept.sorted(by: { $0.key < $1.key }) {
            try StandardStreams.print("Kept \(path): \(set) needs it.")
        }
    }
}

/// `specsearch models path`.
struct ModelsPathCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path", abstract: "Print the folder of a set that was pulled, with its manifest.json.")

    @Argument(help: ArgumentHelp("A set, or hf:OWNER/REPO[:QUANT|/FILE].", valueName: "name"))
    var name: String

    func run() throws { try StandardStreams.print(ModelStore().path(name).folder) }
}
