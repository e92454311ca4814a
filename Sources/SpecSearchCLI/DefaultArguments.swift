internal import ArgumentParser
package import Foundation
internal import SpecSearch

/// The user's own defaults: a JSON file of options, which stand before those of the command line.
///
/// ```json
/// {"models": "qwen2.5-coder", "cache-tokens": 8192, "solve": {"beams": 4, "color": "never"}}
/// ```
/// An option at the top is for every command that has it, one in an object for the command of that name. What is given on the
/// command line comes first, and what names models there takes the place of what names them here.
package enum DefaultArguments {
    /// The file: what `SPECSEARCH_CONFIG` says, nothing where that is empty, else `specsearch/config.json` in the user's
    /// folder of settings.
    static func file(_ environment: [String: String]) -> String? {
        if let file = environment["SPECSEARCH_CONFIG"] { return file.isEmpty ? nil : file }
        let root =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            // Foundation asks the list of users, and not the environment.
            ?? (environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
                ?? FileManager.default.homeDirectoryForCurrentUser.path) + "/.config"
        let file = root + "/specsearch/config.json"
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }

    /// The arguments of this process with the user's defaults among them.
    ///
    /// - Throws: `ValidationError`, naming the file and the key.
    static func merged(_ arguments: [String], environment: [String: String]) throws -> [String] {
        guard let file = file(environment) else { return arguments }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ValidationError("The defaults \(file) cannot be read.")
        }
        return try merged(arguments, defaults: data, from: file)
    }

    /// Arguments with defaults among them.
    ///
    /// - Parameter name: Where the defaults come from, for errors.
    package static func merged(_ arguments: [String], defaults data: Data, from name: String) throws -> [String] {
        let tool = try JSONDecoder().decode(Tool.self, from: Data(SpecSearchCommand._dumpHelp().utf8)).command
        let root: [String: Value]
        do { root = try JSONDecoder().decode([String: Value].self, from: data) } catch {
            throw ValidationError("The defaults \(name) are not understood: \(error.inWords).")
        }
        var (command, depth) = (tool, 0)
        while depth < arguments.count, let next = command.command(arguments[depth]) {
            (command, depth) = (next, depth + 1)
        }
        var options: [String: Value] = [:]
        for (key, value) in root.sorted(by: { $0.key < $1.key }) {
            guard case .section(let section) = value else {
                guard tool.hasAnywhere(key) else { throw refusal(key, name) }
                if command.options.contains(key) { options[key] = value }
                continue
            }
            let words = key.split(separator: " ").map(String.init)
            var owner: Tool.Command? = tool
            for word in words { owner = owner?.command(word) }
            guard let owner, !words.isEmpty else {
                throw ValidationError("The defaults \(name): there is no command \(key.singleLine).")
            }
            for (option, value) in section {
                guard owner.options.contains(option) else { throw refusal("\(key).\(option)", name) }
                if Array(arguments.prefix(depth)) == words { options[option] = value }
            }
        }
        let given = arguments.dropFirst(depth).prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
            .map { String($0.dropFirst(2).prefix { $0 != "=" }) }
        let result = options.filter { !isReplaced($0.key, by: Set(given)) }.sorted { $0.key < $1.key }
            .flatMap { $1.arguments(of: $0, in: command) }
        return arguments.prefix(depth) + result + arguments.dropFirst(depth)
    }

    private static func refusal(_ key: String, _ name: String) -> ValidationError {
        ValidationError("The defaults \(name): there is no option \(key.singleLine); see --help of the command.")
    }

    /// Whether what is given makes a default void.
    private static func isReplaced(_ option: String, by given: Set<String>) -> Bool {
        if given.contains(option) || given.contains("no-\(option)") { return true }
        let models: Set = ["models", "draft", "target", "prm", "adapter", "chat-template", "config", "set"]
        if models.contains(option) { return !given.isDisjoint(with: models) }
        // What is gone on with has its settings.
        return given.contains("resume") && SearchSetting.named(option) != nil
    }

    /// A value of the file.
    private enum Value: Decodable {
        case flag(Bool)
        case text(String)
        case list([String])
        case section([String: Value])

        init(from decoder: any Decoder) throws {
            if let section = try? [String: Value](from: decoder) {
                self = .section(section)
            } else if let list = try? [String](from: decoder) {
                self = .list(list)
            } else {
                let value = try decoder.singleValueContainer()
                if let flag = try? value.decode(Bool.self) {
                    self = .flag(flag)
                } else if let number = try? value.decode(Decimal.self) {
                    self = .text("\(number)")
                } else {
                    self = .text(try value.decode(String.self))
                }
            }
        }

        func arguments(of option: String, in command: Tool.Command) -> [String] {
            switch self {
            case .flag(true): ["--\(option)"]
            case .flag(false): command.options.contains("no-\(option)") ? ["--no-\(option)"] : []
            case .text(let text): ["--\(option)=\(text)"]
            case .list(let texts): texts.map { "--\(option)=\($0)" }
            case .section: []
            }
        }
    }

    /// What the argument parser says of the commands.
    private struct Tool: Decodable {
        struct Command: Decodable {
            struct Argument: Decodable {
                struct Name: Decodable {
                    var kind: String
                    var name: String
                }
                var names: [Name]?
            }
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Argument]?

            var options: Set<String> {
                Set((arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.name))
            }

            func command(_ name: String) -> Command? { subcommands?.first { $0.commandName == name } }

            func hasAnywhere(_ option: String) -> Bool {
                options.contains(option) || (subcommands ?? []).contains { $0.hasAnywhere(option) }
            }
        }
        var command: Command
    }
}
