package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.SwapReport;
import io.busbar.tools.shell.JsonText;
import java.time.Duration;

/**
 * What a swap did, or could do, as it is printed.
 *
 * @param device of which a part was swapped
 * @param report what was done
 * @param dryRun whether it was only tried out
 */
record SwapText(String device, SwapReport report, boolean dryRun) {

    String plain() {
        String change = device + ": " + report.from() + " -> " + report.to();
        return dryRun
                ? change + " can be done: what the driver was told still holds"
                        + (report.copied() > 0 ? "; " + report.copied() + " bytes would be copied\n" : "\n")
                : "%s, pause %d us: quiesce %d, exchange %d, resume %d; %d requests were in flight%s%n".formatted(
                        change, micros(report.pause()), micros(report.quiesce()), micros(report.exchange()),
                        micros(report.resume()), report.inFlight(),
                        report.copied() > 0 ? "; " + report.copied() + " bytes were copied" : "");
    }

    String json(boolean pretty) {
        return new JsonText(pretty).open().open("swap").open(device)
                .property("from", report.from())
                .property("to", report.to())
                .property("dry_run", dryRun)
                .property("opening_us", micros(report.opening()))
                .property("pause_us", micros(report.pause()))
                .property("quiesce_us", micros(report.quiesce()))
                .property("exchange_us", micros(report.exchange()))
                .property("resume_us", micros(report.resume()))
                .property("in_flight", report.inFlight())
                .property("copied_bytes", report.copied())
                .close().close().close().finish();
    }

    private static long micros(Duration time) {
        return time.toNanos() / 1000;
    }
}
