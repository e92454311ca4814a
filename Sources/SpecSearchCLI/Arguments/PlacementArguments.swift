internal import ArgumentParser
internal import SpecSearch
internal import SpecSearchLlama

/// Where the models are computed.
///
/// Each option has a value for all models, or for roles, as in `draft:99,target:20`; what is said of a role comes first.
struct PlacementArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How many layers are on GPUs, for all models or as draft:n,target:n,prm:n; 0 for none. (default: all that fit)",
            valueName: "n"))
    var gpuLayers: String?

    @Option(
        help: ArgumentHelp(
            "The GPUs to use (see specsearch devices), or cpu, for all models or as role:name,… (default: all GPUs)",
            valueName: "name"))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "Put whole models on this one of the GPUs, counted from 0, or role:n,… (default: spread them)",
            valueName: "n"))
    var mainGpu: String?

    @Option(
        help: ArgumentHelp(
            "The GPUs' shares of the layers, such as 3,1, or role:3,role:1 (default: by free memory)",
            valueName: "shares"))
    var tensorSplit: String?

    func validate() throws { _ = try parsed() }

    /// What is said; validated before.
    var placement: [ModelRole: LlamaEngine.Placement] { (try? parsed()) ?? [:] }

    private func parsed() throws -> [ModelRole: LlamaEngine.Placement] {
        let layers = try Self.values(of: gpuLayers, "--gpu-layers") { Int($0).flatMap { $0 >= 0 ? $0 : nil } }
        let devices = try Self.values(of: device, "--device") { $0.isEmpty ? nil : $0 }
        let mains = try Self.values(of: mainGpu, "--main-gpu") { Int($0).flatMap { $0 >= 0 ? $0 : nil } }
        let splits = try Self.values(of: tensorSplit, "--tensor-split") { Double($0).flatMap { $0 >= 0 ? $0 : nil } }
        var result: [ModelRole: LlamaEngine.Placement] = [:]
        for role in ModelRole.allCases {
            for (option, values) in [("--gpu-layers", layers[role]?.count), ("--main-gpu", mains[role]?.count)] {
                guard values ?? 1 == 1 else { throw ValidationError("\(option) has one number for a model.") }
            }
            let placement = LlamaEngine.Placement(
                gpuLayers: layers[role]?.first, devices: devices[role] ?? [], mainGPU: mains[role]?.first,
                tensorSplit: splits[role] ?? [])
            if placement != LlamaEngine.Placement() { result[role] = placement }
        }
        return result
    }

    /// The values of each role: its own, or else those that are said of all.
    private static func values<Value>(
        of text: String?, _ option: String, _ read: (String) -> Value?
    ) throws -> [ModelRole: [Value]] {
        guard let text else { return [:] }
        var common: [Value] = []
        var own: [ModelRole: [Value]] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let colon = part.firstIndex(of: ":")
            let role = colon.flatMap { ModelRole(rawValue: String(part[..<$0])) }
            let word = colon != nil && role != nil ? part[part.index(after: colon ?? part.startIndex)...] : part
            guard let value = read(String(word)) else {
                throw ValidationError(
                    "\(option) \(text) is not understood at \(part.debugDescription): give values, or ROLE:VALUE with "
                        + "draft, target or prm, with commas between.")
            }
            if let role { own[role, default: []].append(value) } else { common.append(value) }
        }
        var result = own
        for role in ModelRole.allCases where own[role] == nil && !common.isEmpty { result[role] = common }
        return result
    }
}
