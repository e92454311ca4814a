internal import ArgumentParser
internal import Foundation

/// Where models on servers are described.
struct ClusterArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Servers and files of the models, YAML or JSON, instead of --models; see deploy/cluster.yaml.",
            valueName: "file"))
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "A setting of the configuration, before environment and file; several times for several.",
            valueName: "key=value"))
    var settings: [String] = []

    func validate() throws {
        guard settings.isEmpty || config != nil else { throw ValidationError("--set goes with --config.") }
        #if !Cluster
            if config != nil { throw MissingFeature.clusters.error }
        #endif
    }

    #if Cluster
        /// The configuration, if one is named.
        func read() async throws -> ClusterConfiguration? {
            guard let config else { return nil }
            return try await ClusterConfiguration(
                file: config, settings: settings, environment: ProcessInfo.processInfo.environment)
        }
    #endif

    /// A command's arguments without the keys in them, for what is written down.
    static func withoutSecrets(_ arguments: [String]) -> [String] {
        arguments.map { argument in
            guard let range = argument.firstRange(of: "apiKey=") else { return argument }
            return argument[..<range.upperBound] + "<redacted>"
        }
    }
}
