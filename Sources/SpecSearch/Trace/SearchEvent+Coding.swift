/// Events as flat JSON objects: `{"type":"drafted","node":12,"parent":3,…}`.
///
/// The types are `started`; `chosen` (the method auto chose); `drafted` and `generated` (a thought by the draft, by the target); `repeated` (one that a later
/// wave sampled again); `sampled` (a model call); `scored`; `lost`; `likelihoods`; `accepted`, `surplus`, `rejected`, `corrected`, `duplicate` and `salvaged` (what became of thoughts);
/// `threshold`; `lookahead`; `selected`; `backedUp`; `finished`.
extension SearchEvent: Codable {
    private enum Key: String, CodingKey {
        case type, node, nodes, parent, depth, threshold, score, samples
    }

    private static let stateTypes: [(state: SearchTree.State, type: String)] = [
        (.accepted, "accepted"), (.surplus, "surplus"), (.rejected, "rejected"), (.correction, "corrected"),
        (.duplicate, "duplicate"), (.salvaged, "salvaged"),
    ]

    /// The event's type, as traces name it.
    public var type: String {
        switch self {
        case .started: "started"
        case .chosen: "chosen"
        case .thought(let thought): thought.source == .draft ? "drafted" : "generated"
        case .sampled: "sampled"
        case .scored: "scored"
        case .repeated: "repeated"
        case .lost: "lost"
        case .likelihoods: "likelihoods"
        case .resolved(let event):
            Self.stateTypes.first { $0.state == event.state }?.type ?? event.state.rawValue
        case .thresholdUpdated: "threshold"
        case .lookedAhead: "lookahead"
        case .selected: "selected"
        case .backedUp: "backedUp"
        case .finished: "finished"
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(type, forKey: .type)
        switch self {
        case .started(let value): try value.encode(to: encoder)
        case .chosen(let value): try value.encode(to: encoder)
        case .thought(let value): try value.encode(to: encoder)
        case .sampled(let value): try value.encode(to: encoder)
        case .scored(let value): try value.encode(to: encoder)
        case .lost(let value): try value.encode(to: encoder)
        case .repeated(let node, let samples):
            try values.encode(node, forKey: .node)
            try values.encode(samples, forKey: .samples)
        case .likelihoods(let value): try value.encode(to: encoder)
        case .resolved(let value):
            try values.encode(value.parent, forKey: .parent)
            try values.encode(value.nodes, forKey: .nodes)
            try values.encodeIfPresent(value.threshold, forKey: .threshold)
        case .thresholdUpdated(let depth, let threshold):
            try values.encode(depth, forKey: .depth)
            try values.encodeIfPresent(threshold, forKey: .threshold)
        case .lookedAhead(let node, let score):
            try values.encode(node, forKey: .node)
            try values.encode(score, forKey: .score)
        case .selected(let depth, let nodes):
            try values.encode(depth, forKey: .depth)
            try values.encode(nodes, forKey: .nodes)
        case .backedUp(let value): try value.encode(to: encoder)
        case .finished(let value): try value.encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let type = try values.decode(String.self, forKey: .type)
        switch type {
        case "started": self = .started(try Started(from: decoder))
        case "chosen": self = .chosen(try MethodChoice(from: decoder))
        case "drafted", "generated": self = .thought(try NewThought(from: decoder))
        case "sampled": self = .sampled(try Sampled(from: decoder))
        case "scored": self = .scored(try Scored(from: decoder))
        case "lost": self = .lost(try Lost(from: decoder))
        case "repeated":
            self = .repeated(
                node: try values.decode(NodeID.self, forKey: .node),
                samples: try values.decode(Int.self, forKey: .samples))
        case "likelihoods": self = .likelihoods(try Likelihoods(from: decoder))
        case "threshold":
            self = .thresholdUpdated(
                depth: try values.decode(Int.self, forKey: .depth),
                threshold: try values.decodeIfPresent(Double.self, forKey: .threshold))
        case "lookahead":
            self = .lookedAhead(
                node: try values.decode(NodeID.self, forKey: .node),
                score: try values.decode(Double.self, forKey: .score))
        case "selected":
            self = .selected(
                depth: try values.decode(Int.self, forKey: .depth),
                nodes: try values.decode([NodeID].self, forKey: .nodes))
        case "backedUp": self = .backedUp(try BackUp(from: decoder))
        case "finished": self = .finished(try SearchOutcome(from: decoder))
        default:
            guard let state = Self.stateTypes.first(where: { $0.type == type })?.state else {
                throw DecodingError.dataCorruptedError(
                    forKey: .type, in: values, debugDescription: "There is no event of type \(type).")
            }
            self = .resolved(
                Resolved(
                    state: state, parent: try values.decode(NodeID.self, forKey: .parent),
                    nodes: try values.decode([NodeID].self, forKey: .nodes),
                    threshold: try values.decodeIfPresent(Double.self, forKey: .threshold)))
        }
    }
}
