import CoreMetrics
import SpecSearchServer
import Testing

@Suite struct PrometheusMetricsTests {
    @Test func `counters, gauges and histograms in the text format`() {
        let metrics = PrometheusMetrics(help: ["a_total": "Line\nbreak \\ here"], buckets: ["h": [1, 2]])
        Counter(label: "a_total", dimensions: [("path", "x\"y\\z\nw")], factory: metrics).increment(by: 3)
        Counter(label: "a_total", dimensions: [("path", "x\"y\\z\nw")], factory: metrics).increment()
        Meter(label: "g", factory: metrics).set(2.5)
        let histogram = Recorder(label: "h", factory: metrics)
        for value in [0.5, 1, 1.5, 7] { histogram.record(value) }
        #expect(
            metrics.text() == #"""
                # HELP a_total Line\nbreak \\ here
                # TYPE a_total counter
                a_total{path="x\"y\\z\nw"} 4
                # TYPE g gauge
                g 2.5
                # TYPE h histogram
                h_bucket{le="1"} 2
                h_bucket{le="2"} 3
                h_bucket{le="+Inf"} 4
                h_sum 10
                h_count 4

                """#)
    }

    @Test func `names have no forbidden letters, and seconds are seconds`() {
        let metrics = PrometheusMetrics()
        Timer(label: "9.time-of", factory: metrics).recordSeconds(2)
        #expect(metrics.text().contains("_9_time_of_sum 2\n"))
    }
}
