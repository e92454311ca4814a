import CLlama
import Foundation
public import SpecSearch

/// A model of this machine in another form, which was faster here.
public struct RequantizedModel: Sendable, Hashable, Codable {
    /// The types that models are requantised to: those for which llama.cpp has its fastest kernels on processors.
    public enum WeightType: String, Sendable, Hashable, Codable, CaseIterable {
        case q8 = "Q8_0"
        case q4 = "Q4_0"

        /// The bits of a weight, scales included.
        public var bits: Double { self == .q8 ? 8.5 : 4.5 }

        var fileType: llama_ftype { self == .q8 ? LLAMA_FTYPE_MOSTLY_Q8_0 : LLAMA_FTYPE_MOSTLY_Q4_0 }

        /// Whether a model may be made of this type.
        ///
        /// Requantising loses a little. A draft's steps are judged and its tokens verified, so it may have fewer bits; the
        /// target and the reward model are what an answer rests on, so they may not, unless that is wanted.
        ///
        /// - Parameter bits: Those of a weight of the original.
        package func suits(_ roles: [ModelRole], bits original: Double, allowsFewerBits: Bool) -> Bool {
            abs(bits - original) > 0.1 && (allowsFewerBits || bits > original || roles.allSatisfy { $0 == .draft })
        }
    }

    /// What is made of a model to run it faster: other weights, or only a part of its vocabulary.
    public struct Form: Sendable, Hashable, Codable, CustomStringConvertible {
        /// The type of its weights; nil for the original's.
        public var type: WeightType?
        /// How many plain tokens it has; nil for the original's.
        public var vocabulary: Int?

        public init(type: WeightType? = nil, vocabulary: Int? = nil) {
            self.type = type
            self.vocabulary = vocabulary
        }

        /// The tokens that a draft keeps: for solutions and programs it needs 1.6 % more of them than of 150,000.
        public static let draftVocabulary = 49_152

        /// All forms that may be made, those that lose least first.
        static let all =
            WeightType.allCases.map { Form(type: $0) } + [Form(vocabulary: draftVocabulary)]
            + WeightType.allCases.map { Form(type: $0, vocabulary: draftVocabulary) }

        /// Such as `Q4_0` or `Q4_0-49152`, in the names of files, too.
        public var description: String {
            [type?.rawValue, vocabulary.map { "\($0)" }].compactMap { $0 }.joined(separator: "-")
        }

        /// Whether a model may be made of this form: its weights as ``WeightType/suits(_:bits:allowsFewerBits:)`` says;
        /// only drafts, and only if that is wanted, with a part of their tokens, and with the one that is made today.
        package func suits(_ roles: [ModelRole], bits: Double, allows: Allowance) -> Bool {
            if let vocabulary {
                guard vocabulary == Self.draftVocabulary, allows.fewerTokens, roles.allSatisfy({ $0 == .draft }) else {
                    return false
                }
            }
            return type.map { $0.suits(roles, bits: bits, allowsFewerBits: allows.fewerBits) } ?? (vocabulary != nil)
        }
    }

    /// What may be lost for speed beyond a draft's bits.
    public struct Allowance: Sendable, Hashable {
        /// Whether target and reward model may have fewer bits than the original, too.
        public var fewerBits = false
        /// Whether a draft may lose its rarest tokens; it and the target share none then: neither token-level speculation
        /// nor likelihoods of one another's steps.
        public var fewerTokens = false

        public init(fewerBits: Bool = false, fewerTokens: Bool = false) {
            self.fewerBits = fewerBits
            self.fewerTokens = fewerTokens
        }
    }

    /// The file that it was made of.
    public var original: String
    /// The original's SHA-256, in hexadecimal digits, and its size; of one in parts, that of its parts' digits, and all
    /// sizes together.
    public var sha256: String
    public var originalSize: Int64
    /// What the original is recognised by without reading all of it.
    var fingerprint: String
    /// The processor that it is faster on.
    var machine: String
    /// The type of its weights; nil for the original's.
    public var type: WeightType?
    /// How many plain tokens it has; nil for all.
    public var vocabulary: Int?
    /// Its size, in bytes.
    public var size: Int64
    /// How many times as fast it was, by the role whose passes were timed.
    public var speedups: [ModelRole: Double]
    /// Its file; set when the record is read.
    public internal(set) var path = ""

    private enum CodingKeys: CodingKey {
        case original, sha256, originalSize, fingerprint, machine, type, vocabulary, size, speedups
    }

    /// What was made of the original.
    public var form: Form { Form(type: type, vocabulary: vocabulary) }
}

extension LlamaModel {
    /// The bits of a weight, all tensors together.
    var bitsPerWeight: Double { 8 * Double(weightBytes) / Double(max(1, parameterCount)) }

    /// Writes a GGUF file with a model's weights in another type; embeddings and output in 8 bits in any case.
    ///
    /// It takes seconds a gigabyte, and cannot be stopped.
    /// - Throws: ``SpecSearchError`` `ioFailed`, and leaves no file.
    static func requantize(
        _ source: String, to type: RequantizedModel.WeightType, file: String
    ) throws(SpecSearchError) {
        LlamaLibrary.start()
        var parameters = llama_model_quantize_default_params()
        parameters.nthread = Int32(Processor.coreCount)
        parameters.ftype = type.fileType
        parameters.allow_requantize = true
        // As fast as what would be chosen, Q6_K, and nearer to the original.
        parameters.output_tensor_type = GGML_TYPE_Q8_0
        parameters.token_embedding_type = GGML_TYPE_Q8_0
        guard llama_model_quantize(source, file, &parameters) == 0 else {
            unlink(file)
            throw SpecSearchError(
                .ioFailed,
                "llama.cpp could not requantise \(source) to \(type.rawValue): \(LlamaLibrary.takeComplaints()).",
                remedy: "Look whether there is room in \((file as NSString).deletingLastPathComponent).")
        }
    }
}
