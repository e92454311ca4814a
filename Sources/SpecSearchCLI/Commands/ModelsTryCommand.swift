internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchLlama

/// `specsearch models try`: what ``ModelTrial`` runs in a process of its own.
struct ModelsTryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try", abstract: "Load a model, run it a little, and end.", shouldDisplay: false)

    @Argument(help: "The GGUF file.")
    var path: String

    @Option(help: "A LoRA adapter over it.")
    var adapter: [String] = []

    @Flag(help: "Look at every weight.")
    var checkWeights = false

    func run() throws {
        // The program that started this one ignores the signals that end it in its own way.
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
        Self.limit(RLIMIT_CORE, to: 0)
        #if os(Linux)
            // A header may ask for any amount; more than there is would end other programs.
            Self.limit(RLIMIT_DATA, to: rlim_t(ProcessInfo.processInfo.physicalMemory))
        #endif
        do {
            try TrialLoad.run(path: path, adapters: adapter, checksWeights: checkWeights)
        } catch let error as SpecSearchError where error.code == TrialLoad.unfit || checkWeights {
            try StandardStreams.print(error.message)
            throw ExitCode(ModelTrial.unfit)
        }
    }

    #if os(Linux)
        private static func limit(_ resource: __rlimit_resource, to value: rlim_t) {
            var limits = rlimit(rlim_cur: value, rlim_max: value)
            _ = setrlimit(__rlimit_resource_t(resource.rawValue), &limits)
        }
    #else
        private static func limit(_ resource: Int32, to value: rlim_t) {
            var limits = rlimit(rlim_cur: value, rlim_max: value)
            _ = setrlimit(resource, &limits)
        }
    #endif
}
