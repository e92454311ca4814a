public import Foundation
public import SpecSearch

/// The settings of rejection that a calibration chose, with its certificate; a JSON file.
public struct CalibrationFile: Sendable, Hashable, Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case version, theta, estimator, statistics, margin, firstThreshold, router, certificate
    }

    /// The version of the format.
    public static let version = 1

    /// The settings that were chosen.
    public var policy: ThresholdRule.Configuration
    /// What was tested, and why they were chosen.
    public var certificate: CalibrationCertificate

    /// - Returns: Nil if the certificate chose nothing.
    public init?(_ certificate: CalibrationCertificate) {
        guard let policy = certificate.chosen else { return nil }
        self.policy = policy
        self.certificate = certificate
    }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseKeys(except: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let version = try container.decode(Int.self, forKey: .version)
        guard version == Self.version else {
            throw DecodingError.dataCorruptedError(
                forKey: .version, in: container, debugDescription: "version \(version) is not \(Self.version)")
        }
        let name = try container.decode(String.self, forKey: .estimator)
        guard let estimator = ThresholdEstimator(name: name) else {
            throw DecodingError.dataCorruptedError(
                forKey: .estimator, in: container, debugDescription: "there is no estimator \(name)")
        }
        policy = ThresholdRule.Configuration(
            estimator: estimator, theta: try container.decode(Double.self, forKey: .theta),
            statistics: try container.decode(ThresholdRule.Configuration.Statistics.self, forKey: .statistics),
            margin: try container.decode(Double.self, forKey: .margin),
            firstThreshold: try container.decodeIfPresent(Double.self, forKey: .firstThreshold),
            router: try container.decodeIfPresent(AdvantageRouter.self, forKey: .router))
        certificate = try container.decode(CalibrationCertificate.self, forKey: .certificate)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.version, forKey: .version)
        try container.encode(policy.estimator.description, forKey: .estimator)
        try container.encode(policy.theta, forKey: .theta)
        try container.encode(policy.statistics, forKey: .statistics)
        try container.encode(policy.margin, forKey: .margin)
        try container.encodeIfPresent(policy.firstThreshold, forKey: .firstThreshold)
        try container.encodeIfPresent(policy.router, forKey: .router)
        try container.encode(certificate, forKey: .certificate)
    }

    /// Reads a file.
    ///
    /// - Throws: ``SpecSearchError`` naming the file: `ioFailed`, or `badTrace` where it is no calibration, or its settings
    ///   are not those of its certificate.
    public init(contentsOf url: URL) throws(SpecSearchError) {
        guard let text = try? String(contentsOf: url, encoding: .utf8) else {
            throw SpecSearchError(.ioFailed, "Cannot read \(url.path).", remedy: "Is it there, and readable?")
        }
        do {
            // Earlier files have the setting's value in another spelling.
            let data = Data(text.replacing("\"targetOnly\"", with: "\"target-only\"").utf8)
            self = try JSONDecoder().decode(CalibrationFile.self, from: data)
        } catch {
            throw SpecSearchError(
                .badTrace, "\(url.path) is not a calibration of version \(Self.version): \(error.inWords).",
                remedy: "Calibrate again.")
        }
        guard policy == certificate.chosen else {
            throw SpecSearchError(
                .badTrace, "\(url.path) was edited: its settings are not those that its certificate chose.",
                remedy: "Calibrate again, or give the settings as options.")
        }
    }

    /// The file's contents; the keys are sorted.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}
