internal import ArgumentParser
internal import Foundation
internal import ModelHub
internal import SpecSearch
internal import SpecSearchEvaluation
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

    func run() async throws {
        let store = try ModelStore()
        let terminal = Terminal()
        let shown = PullLines(terminal)
        let (set, interruption) = try await Interruption.guarding { [name] in
            try await store.pull(name) { shown.show($0) }
        }
        terminal.endProgress()
        print(set.folder)
        Terminal.say("Solve with it: specsearch solve --models \(set.reference) \"…\"")
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
        let sets = try ModelStore().list()
        if json { return print(try sets.json()) }
        for set in sets {
            let size = set.size.map { ", \(Self.megabytes($0))" } ?? ""
            let state = set.state == .partial ? "partly here" : set.state == .absent ? "not here" : set.state.rawValue
            print("\(set.reference.padded(24)) \(state)\(size)\(set.tried ? "" : ", not tried by us")")
            print("    \(set.summary)")
        }
        print("")
        print("specsearch models pull NAME brings one; your own stand in ~/.config/specsearch/models.json.")
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
        let removed = try ModelStore().remove(name)
        if json { return print(try removed.json()) }
        print("Freed \(ModelsListCommand.megabytes(removed.freed)).")
        for (path, set) in removed.kept.sorted(by: { $0.key < $1.key }) { print("Kept \(path): \(set) needs it.") }
    }
}

/// `specsearch models path`.
struct ModelsPathCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path", abstract: "Print the folder of a set that was pulled, with its manifest.json.")

    @Argument(help: ArgumentHelp("A set, or hf:OWNER/REPO[:QUANT|/FILE].", valueName: "name"))
    var name: String

    func run() throws { print(try ModelStore().path(name).folder) }
}
