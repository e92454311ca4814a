import Foundation

/// The processor as far as threads of a forward pass depend on it.
package enum Processor {
    /// The physical cores that this process may use: of a core with two threads one, and no more than its control group
    /// has a quota for.
    package static let coreCount: Int = {
        let logical = ProcessInfo.processInfo.activeProcessorCount
        var cores = Set<String>()
        for place in 0..<max(logical, 1) {
            let file = "/sys/devices/system/cpu/cpu\(place)/topology/thread_siblings_list"
            cores.insert((try? String(contentsOfFile: file, encoding: .utf8)) ?? "\(place)")
        }
        return max(1, min(logical, cores.count, quota() ?? logical))
    }()

    /// Whether threads of a pass that wait for one another soon sleep, so that several do no harm on a busy machine.
    ///
    /// OpenMP's threads wait in a loop for milliseconds by default. Where another program has one of the cores, the rest
    /// of the pass's threads burn theirs meanwhile: a pass can take a hundred times as long as with one thread. What they do
    /// is read from the environment when the library is loaded, so `specsearch` sets it before; see
    /// ``limitWaiting(arguments:)``.
    package static var limitsWaiting: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["GOMP_SPINCOUNT"] != nil || environment["OMP_WAIT_POLICY"]?.lowercased() == "passive"
    }

    /// Starts the program again with an environment in which threads that wait for one another soon sleep; does nothing
    /// where the environment says how they wait, or on systems without OpenMP.
    ///
    /// Of 300 to 20,000 turns, about a thousand were the fewest that cost nothing on an idle machine.
    package static func limitWaiting(arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
        #if os(Linux)
            let environment = ProcessInfo.processInfo.environment
            guard environment["GOMP_SPINCOUNT"] == nil, environment["OMP_WAIT_POLICY"] == nil else { return }
            setenv("GOMP_SPINCOUNT", "1000", 1)
            // Where it cannot be started again, passes have one thread unless told otherwise.
            if execv("/proc/self/exe", arguments) != 0 { unsetenv("GOMP_SPINCOUNT") }
        #endif
    }

    /// The seconds that this process's threads have been ready to run without running, together; nil where the system
    /// does not say.
    static func waitedSeconds() -> Double? {
        guard let tasks = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") else { return nil }
        var sum = 0.0
        var isKnown = false
        for task in tasks {
            guard let file = fopen("/proc/self/task/\(task)/schedstat", "r") else { continue }
            defer { fclose(file) }
            var text = [CChar](repeating: 0, count: 96)
            guard fgets(&text, Int32(text.count), file) != nil else { continue }
            let fields = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
                separator: " ")
            guard fields.count > 1, let waited = Double(fields[1]) else { continue }
            sum += waited * 1e-9
            isKnown = true
        }
        return isKnown ? sum : nil
    }

    /// The whole processors of the control group's quota; nil without one.
    private static func quota() -> Int? {
        func numbers(_ file: String) -> [Double] {
            ((try? String(contentsOfFile: "/sys/fs/cgroup/" + file, encoding: .utf8)) ?? "")
                .split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        }
        var pair = numbers("cpu.max")
        if pair.count != 2 { pair = numbers("cpu/cpu.cfs_quota_us") + numbers("cpu/cpu.cfs_period_us") }
        guard pair.count == 2, pair[0] > 0, pair[1] > 0 else { return nil }
        return max(1, Int(pair[0] / pair[1]))
    }
}
