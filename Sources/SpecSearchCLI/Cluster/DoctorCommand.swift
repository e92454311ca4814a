#if Cluster
    internal import ArgumentParser
    internal import Foundation
    internal import SpecSearch
    internal import SpecSearchLlama
    internal import SpecSearchRemote

    /// `specsearch doctor`.
    struct DoctorCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "doctor", abstract: "Ask every server of a configuration what it can do.",
            discussion: """
                Each replica is asked who it is and is made to do what its role needs: tokenise, generate siblings from token \
                ids, repeat by seed, score. Vocabularies are compared. The exit code is 1 where anything needed is missing.
                """)

        @OptionGroup
        var cluster: ClusterArguments

        @Flag(help: "Print the reports as JSON.")
        var json = false

        func validate() throws {
            guard cluster.config != nil else { throw ValidationError("Name a configuration with --config.") }
        }

        func run() async throws {
            guard let configuration = try await cluster.read() else { return }
            var reports: [ServerReport] = []
            for role in ModelRole.allCases {
                guard let group = configuration.servers[role] else { continue }
                let reading = role == .rewardModel ? try configuration.remoteRewardModel().reading : nil
                reports += await ServerProbe(group, role: role, reading: reading, policy: configuration.policy).run()
            }
            let findings = Findings(reports, likelihood: configuration.reward?.kind == .likelihood)
            try StandardStreams.print(json ? findings.json() : findings.text)
            guard findings.isFit else { throw ExitCode.failure }
        }

        /// What came out.
        struct Findings: Encodable {
            let reports: [ServerReport]
            /// Servers whose models read the sample text as other tokens than the first one's.
            let strangers: [String]
            let isFit: Bool

            /// - Parameter likelihood: Whether the reward model reads the language models' tokens.
            init(_ reports: [ServerReport], likelihood: Bool) {
                self.reports = reports
                let speakers = reports.filter { $0.sampleTokens != nil && (likelihood || $0.role != .rewardModel) }
                strangers = speakers.filter { $0.sampleTokens != speakers[0].sampleTokens }.map(\.url)
                isFit = !reports.isEmpty && reports.allSatisfy(\.isFit) && strangers.isEmpty
            }

            var text: String {
                var lines: [String] = []
                for report in reports {
                    let facts = [
                        report.version, report.contextLength.map { "context \($0)" },
                        report.slots.map { "\($0) slots" },
                    ].compactMap(\.self)
                    lines.append(
                        "\(report.role.rawValue)  \(report.url)  \(report.dialect.rawValue)"
                            + (facts.isEmpty ? "" : "  (\(facts.joined(separator: ", ")))"))
                    for ability in report.abilities {
                        let mark = ability.works ? "ok " : ability.isNeeded ? "NO " : "no "
                        lines.append("  \(mark) \(ability.name): \(ability.detail)")
                    }
                }
                for url in strangers { lines.append("NO  \(url) has another vocabulary than \(reports[0].url).") }
                lines.append(
                    reports.isEmpty
                        ? "The configuration names no servers."
                        : isFit ? "All that the search needs works." : "Something that the search needs does not work.")
                return lines.joined(separator: "\n")
            }
        }
    }
#endif
