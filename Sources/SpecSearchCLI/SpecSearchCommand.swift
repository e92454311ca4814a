public import ArgumentParser

/// The `specsearch` command.
public struct SpecSearchCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "specsearch",
        abstract: "Tree search with large language models, sped up by speculation on thoughts and tokens.")

    public init() {}
}
