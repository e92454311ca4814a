internal import Checksums
public import Foundation
public import MathGrading
internal import SpecSearch

/// The record of everything that a run was made with: what a reader needs to believe it, and a resumption to go on with it.
public struct RunManifest: Sendable, Hashable, Codable {
    /// A file that the run depends on.
    public struct File: Sendable, Hashable, Codable {
        public var path: String
        public var bytes: Int
        public var sha256: String

        /// - Throws: ``SpecSearchError`` `ioFailed` if the file cannot be read.
        public init(path: String) throws {
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw SpecSearchError(.ioFailed, "Cannot read \(path).", remedy: "Is it there, and readable?")
            }
            defer { try? handle.close() }
            var hash = SHA256()
            var count = 0
            // Models have tens of gigabytes: never whole in memory.
            while let part = try handle.read(upToCount: 1 << 22), !part.isEmpty {
                hash.update(part)
                count += part.count
            }
            self.path = path
            bytes = count
            sha256 = SHA256.hexadecimal(hash.finalize())
        }
    }

    /// A server that a model ran on; its key is never recorded.
    public struct Backend: Sendable, Hashable, Codable {
        public var url: String
        /// The server's kind.
        public var dialect: String
        /// The model that was asked for, where the configuration names one.
        public var model: String?
        /// The models that the server named when the run began; none where it did not answer.
        public var served: [String]
        /// The server's version, where it said.
        public var version: String?

        public init(url: String, dialect: String, model: String?, served: [String], version: String?) {
            self.url = url
            self.dialect = dialect
            self.model = model
            self.served = served
            self.version = version
        }

        /// Whether both are the same server, and not with another model behind the same address.
        public func isSame(as other: Backend) -> Bool {
            (url, dialect, model) == (other.url, other.dialect, other.model)
                && (served.isEmpty || other.served.isEmpty || served == other.served)
        }
    }

    /// The version of the format; 2 since settings are a flat object by their names.
    public static let currentVersion = 2

    public private(set) var version = Self.currentVersion
    /// What the run is to show; shown as a title by reports.
    public var title: String
    /// The question that it answers, in a sentence.
    public var question: String?
    /// The command's arguments, the folder left out.
    public var arguments: [String]
    public var date: Date
    /// The versions of the software, by name.
    public var software: [String: String]
    public var machine: MachineDescription
    public var dataset: File
    public var grading: GradingMode
    /// The problems' ids, in the order of the run.
    public var problems: [String]
    public var seeds: [UInt64]
    public var variants: [Variant]
    public var comparisons: ComparisonPlan
    /// The files of the models, by what they are.
    public var models: [String: File]
    /// The servers of models that ran elsewhere, by role; nil where none did.
    public var backends: [String: [Backend]]?
    /// How the engine runs them, by setting.
    public var engine: [String: String]
    /// Searches side by side; times are comparable only at 1.
    public var concurrency: Int
    /// The loss of accuracy that counts as none, as a share.
    public var margin: Double

    public init(
        title: String, question: String? = nil, arguments: [String], software: [String: String], dataset: File,
        grading: GradingMode, problems: [String], seeds: [UInt64], variants: [Variant],
        comparisons: ComparisonPlan = .all, models: [String: File], backends: [String: [Backend]]? = nil,
        engine: [String: String], concurrency: Int = 1, margin: Double = 0.01,
        machine: MachineDescription = .current, date: Date = Date()
    ) {
        self.title = title
        self.question = question
        self.arguments = arguments
        self.software = software
        self.dataset = dataset
        self.grading = grading
        self.problems = problems
        self.seeds = seeds
        self.variants = variants
        self.comparisons = comparisons
        self.models = models
        self.backends = backends
        self.engine = engine
        self.concurrency = concurrency
        self.margin = margin
        self.machine = machine
        // Whole seconds: what is written and read again is then equal.
        self.date = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
    }

    /// What contradicts itself in a manifest that was edited; nil where nothing does.
    var fault: String? {
        func isSet(_ list: [some Hashable]) -> Bool { !list.isEmpty && Set(list).count == list.count }
        if !isSet(variants.map(\.name)) { return "there must be a variant, and each needs a name of its own" }
        if !isSet(problems) { return "there must be a problem, and each stands there once" }
        if !isSet(seeds) { return "there must be a seed, and each stands there once" }
        if !(1...1 << 16).contains(concurrency) {
            return "\"concurrency\" is \(concurrency), and lies in 1 ... \(1 << 16)"
        }
        if !(0...1).contains(margin) { return "\"margin\" is \(margin), and lies in 0 ... 1" }
        return nil
    }

    /// How many searches the run has.
    public var items: Int { problems.count * seeds.count * variants.count }
}

/// The machine that a run was measured on.
public struct MachineDescription: Sendable, Hashable, Codable {
    public var processor: String
    /// Processors that this process may use.
    public var cores: Int
    public var memoryBytes: UInt64
    public var system: String

    /// This machine.
    public static var current: MachineDescription {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let process = ProcessInfo.processInfo
        #if arch(x86_64)
            let architecture = "x86-64"
        #else
            let architecture = "arm64"
        #endif
        return MachineDescription(
            processor: model ?? architecture, cores: process.activeProcessorCount,
            memoryBytes: process.physicalMemory, system: process.operatingSystemVersionString)
    }
}
