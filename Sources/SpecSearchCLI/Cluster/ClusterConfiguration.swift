#if Cluster
    internal import Configuration
    internal import Foundation
    internal import SpecSearch
    internal import SpecSearchLlama
    internal import SpecSearchRemote
    internal import SystemPackage

    /// Where the models of a search run: what `--config` says, each role embedded or on servers.
    ///
    /// A setting comes from `--set key=value`, else from the environment (`SPECSEARCH_TARGET_API_KEY` for `target.apiKey`),
    /// else from the file, YAML or JSON. Keys are secrets: they are read as such, and no output shows them.
    struct ClusterConfiguration: Sendable {
        /// The servers of the roles that run on some.
        var servers: [ModelRole: BackendGroup] = [:]
        /// The files of the roles that run in this process, how steps and answers look, and how thoughts are drawn.
        var set: ModelSet
        /// How the reward model is read.
        var reward: RewardModelConfiguration?
        /// A class head's step token and column, which descriptions do not know.
        var classHead: (token: String, column: Int)?
        var policy = CallPolicy()

        /// Reads a configuration.
        ///
        /// - Parameters:
        ///   - file: YAML or JSON.
        ///   - settings: `key=value`, before all others.
        /// - Throws: ``SpecSearchError`` `badSetting`, naming the key.
        init(file: String, settings: [String], environment: [String: String]) async throws {
            try Self.checkKeys(of: file)
            let first = try Self.provider(settings)
            let second = EnvironmentVariablesProvider(
                environmentVariables: environment, secretsSpecifier: .dynamic { name, _ in name.hasSuffix("API_KEY") }
            ).prefixKeys(with: "specsearch")
            let providers: [any ConfigProvider]
            do {
                // JSON is YAML as well.
                let options = YAMLSnapshot.ParsingOptions(
                    secretsSpecifier: .dynamic { name, _ in name.hasSuffix("apiKey") })
                providers = [
                    first, second,
                    try await FileProvider<YAMLSnapshot>(parsingOptions: options, filePath: FilePath(file)),
                ]
            } catch {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file) cannot be read: \(error.inWords).",
                    remedy: "Compare it with deploy/cluster.yaml.")
            }
            try await self.init(reading: ConfigReader(providers: providers), file: file)
        }

        private init(reading config: ConfigReader, file: String) async throws {
            set = ModelSet(name: file)
            let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
            func resolve(_ path: String) -> String { URL(fileURLWithPath: path, relativeTo: folder).path }
            do {
                set.chatTemplate = try await config.fetchString(forKey: "chatTemplate", default: set.chatTemplate).typed
                set.delimiter = try await config.fetchString(forKey: "delimiter", default: set.delimiter).typed
                set.answerPrefix = try await config.fetchString(forKey: "answerPrefix", default: set.answerPrefix)
                set.temperature = try await config.fetchDouble(forKey: "temperature", default: set.temperature)
                set.maximumStepTokens = try await config.fetchInt(
                    forKey: "maximumStepTokens", default: set.maximumStepTokens)
                set.contextLength = try await config.fetchInt(forKey: "contextLength", default: set.contextLength)
                let calls = config.scoped(to: "calls")
                policy.seconds = try await calls.fetchDouble(forKey: "seconds", default: policy.seconds)
                policy.secondsPerToken = try await calls.fetchDouble(
                    forKey: "secondsPerToken", default: policy.secondsPerToken)
                policy.patience = try await calls.fetchDouble(forKey: "patience", default: policy.patience)
                policy.retry.attempts = try await calls.fetchInt(forKey: "attempts", default: policy.retry.attempts)
                policy.hedgeShare = try await calls.fetchDouble(forKey: "hedgeShare", default: policy.hedgeShare)
                for role in ModelRole.allCases {
                    let place = config.scoped(to: ConfigKey(role.rawValue))
                    if try await place.fetchString(forKey: "dialect") == "embedded" {
                        guard let file = try await place.fetchString(forKey: "file") else {
                            throw SpecSearchError(
                                .badSetting, "\(role.rawValue).file is missing.", remedy: "Name a GGUF file.")
                        }
                        set.setFile(of: role, to: resolve(file))
                    } else {
                        servers[role] = try await Self.servers(place, role: role, template: set.chatTemplate)
                    }
                }
                let prm = config.scoped(to: "prm")
                if let description = try await prm.fetchString(forKey: "description") {
                    reward = try RewardModelConfiguration.load(path: resolve(description))
                    set.rewardModelConfiguration = resolve(description)
                }
                if let token = try await prm.fetchString(forKey: "classTag") {
                    classHead = (token, try await prm.fetchInt(forKey: "classColumn", default: 1))
                }
            } catch let error as SpecSearchError {
                throw error
            } catch {
                let message = "\(error)".trimmingCharacters(in: CharacterSet(charactersIn: "."))
                throw SpecSearchError(
                    .badSetting, "The configuration \(file): \(message).",
                    remedy: "Compare it with deploy/cluster.yaml.")
            }
            try check(file: file)
        }

        private static func servers(
            _ config: ConfigReader, role: ModelRole, template: String
        ) async throws -> BackendGroup? {
            guard let name = try await config.fetchString(forKey: "dialect") else { return nil }
            guard let dialect = Dialect(rawValue: name) else {
                throw SpecSearchError(
                    .badSetting, "There is no dialect \(name).",
                    remedy: "There are \(Dialect.allCases.map(\.rawValue).joined(separator: ", ")) and embedded.")
            }
            guard let urls = try await config.fetchStringArray(forKey: "urls"), !urls.isEmpty else {
                throw SpecSearchError(
                    .badSetting, "\(role.rawValue).urls is missing.", remedy: "List the replicas' URLs.")
            }
            for url in urls {
                guard let parts = URL(string: url), ["http", "https"].contains(parts.scheme), parts.host() != nil,
                    parts.user == nil, parts.password == nil, parts.query == nil
                else {
                    // Not shown where it may hold a key.
                    let shown = url.contains { "@?".contains($0) } ? "one" : "\"\(url)\""
                    throw SpecSearchError(
                        .badSetting, "\(role.rawValue).urls: \(shown) is no plain URL of a server.",
                        remedy:
                            "Write it as http://host:port; a key goes into SPECSEARCH_\(role.rawValue.uppercased())_API_KEY."
                    )
                }
            }
            var group = BackendGroup(urls: urls, dialect: dialect)
            group.model = try await config.fetchString(forKey: "model")
            // Secrets mounted as files often end with a newline.
            group.apiKey = try await config.fetchString(forKey: "apiKey", isSecret: true)
                .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
                .flatMap { $0.isEmpty ? nil : Secret($0) }
            group.concurrency = try await config.fetchInt(forKey: "concurrency")
            group.routingHeader = try await config.fetchString(forKey: "routingHeader", default: group.routingHeader)
            group.template = try await config.fetchString(forKey: "chatTemplate", default: template).typed
            group.addsBeginToken = try await config.fetchBool(forKey: "addsBeginToken", default: true)
            if let concurrency = group.concurrency, !(1...1 << 16).contains(concurrency) {
                throw SpecSearchError(
                    .badSetting, "\(role.rawValue).concurrency is \(concurrency).", remedy: "Use 1 to \(1 << 16).")
            }
            return group
        }

        private func check(file: String) throws {
            let languageModels = [ModelRole.draft, .target].filter { servers[$0] != nil || set[$0] != nil }
            let hasRewardModel = servers[.rewardModel] != nil || set.rewardModel != nil
            guard !languageModels.isEmpty || hasRewardModel else {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file) names no model: neither draft nor target nor prm.",
                    remedy: "Compare it with deploy/cluster.yaml.")
            }
            guard !hasRewardModel || reward != nil || classHead != nil else {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file) does not say how the reward model is read.",
                    remedy: "Name its description as prm.description, or a class head's tag as prm.classTag.")
            }
            let textOnly = languageModels.count { servers[$0]?.dialect == .openAI }
            guard textOnly == 0 || textOnly == languageModels.count, textOnly == 0 || reward?.kind != .likelihood else {
                throw SpecSearchError(
                    .mismatch, "A text-only server gives no token ids, which the other models need.",
                    remedy: "Use openai for draft and target alike, with a reward model of labels or classes.")
            }
            let longest = Duration.longestSeconds
            for (name, value, range) in [
                ("seconds", policy.seconds, 0.001...longest), ("secondsPerToken", policy.secondsPerToken, 0...longest),
                ("patience", policy.patience, 0...longest),
                ("attempts", Double(policy.retry.attempts), 1...1000), ("hedgeShare", policy.hedgeShare, 0...1),
            ] where !range.contains(value) {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file): calls.\(name) cannot be \(value).",
                    remedy: "It lies in \(range.lowerBound) ... \(range.upperBound).")
            }
            if let column = classHead?.column, !(0...1 << 20).contains(column) {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file): prm.classColumn cannot be \(column).",
                    remedy: "It lies in 0 ... \(1 << 20).")
            }
            try set.checkSettings(path: "The configuration \(file)")
        }

        /// `--set` as a source: the names are spelled as the environment's, so that one decoder reads both.
        private static func provider(_ settings: [String]) throws -> EnvironmentVariablesProvider {
            var values: [String: String] = [:]
            for setting in settings {
                guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
                    // Not shown: it may be a key.
                    throw SpecSearchError(
                        .badSetting, "A --set is not key=value.",
                        remedy: "For example --set target.urls=http://10.0.0.1:8000,http://10.0.0.2:8000.")
                }
                let key = String(setting[..<equals])
                try checkKey(key, in: "--set")
                values[environmentName(key)] = String(setting[setting.index(after: equals)...])
            }
            return EnvironmentVariablesProvider(
                environmentVariables: values, secretsSpecifier: .dynamic { name, _ in name.hasSuffix("API_KEY") })
        }

        /// `target.apiKey` as `TARGET_API_KEY`.
        static func environmentName(_ key: String) -> String {
            var name = ""
            for character in key {
                if character == "." {
                    name += "_"
                } else {
                    if character.isUppercase { name += "_" }
                    name += character.uppercased()
                }
            }
            return name
        }
    }
#endif
