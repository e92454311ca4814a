internal import ArgumentParser

/// What a build without some of the package's traits says where they are needed.
enum MissingFeature: String {
    case clusters, server

    /// The refusal, with the remedy.
    var error: ValidationError {
        ValidationError("This build has no \(rawValue): make build makes one that has.")
    }
}

/// A command that takes any arguments, to say that this build does not have it.
protocol MissingCommand: ParsableCommand {
    static var name: String { get }
    static var feature: MissingFeature { get }
    var arguments: [String] { get }
}

extension MissingCommand {
    static var configuration: CommandConfiguration { CommandConfiguration(commandName: name, shouldDisplay: false) }

    func validate() throws { throw Self.feature.error }
}

#if !Server
    struct ServeCommand: MissingCommand {
        static let name = "serve"
        static let feature = MissingFeature.server
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }

    struct ViewCommand: MissingCommand {
        static let name = "view"
        static let feature = MissingFeature.server
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }
#endif

#if !Cluster
    struct DoctorCommand: MissingCommand {
        static let name = "doctor"
        static let feature = MissingFeature.clusters
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }
#endif
