package dev.telepath.client.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.daemon.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What is on this machine: the daemon's folder, the daemon. */
final class LocalChecks {
    static final String HOME = "TP-101";
    static final String DAEMON = "TP-102";

    /** Share of the open files allowed that is worth a word. */
    private static final double MANY = 0.8;

    private final Evidence evidence;

    private LocalChecks(Evidence evidence) {
        this.evidence = evidence;
    }

    static List<Check> of(Evidence evidence) {
        var checks = new LocalChecks(evidence);
        return List.of(
                Check.of(HOME, "folder of the daemon", checks::home),
                Check.of(DAEMON, "daemon runs", checks::daemon, HOME),
                Check.of("TP-103", "daemon is of this version", checks::version, DAEMON),
                Check.of("TP-104", "files that the daemon may open", checks::descriptors, DAEMON));
    }

    private Outcome home() {
        evidence.home().create();
        Path folder = evidence.home().folder();
        return Files.isWritable(folder)
                ? new Outcome.Passed(folder + " is private and writable")
                : new Outcome.Failed(folder + " is not writable", "set TELEPATH_HOME to a writable folder");
    }

    private Outcome daemon() {
        JsonNode daemon = evidence.status("daemon");
        return daemon.path("running").asBoolean()
                ? new Outcome.Passed("pid " + daemon.path("pid").asLong() + ", logs in "
                        + daemon.path("logs").asText())
                : new Outcome.Failed("no daemon runs", "tp connect starts one");
    }

    private Outcome version() {
        String daemons = evidence.status("daemon").path("version").asText();
        return daemons.equals(Version.current())
                ? new Outcome.Passed(daemons)
                : new Outcome.Warned("the daemon is " + daemons + ", tp is " + Version.current(), "tp restart");
    }

    private Outcome descriptors() {
        long open = evidence.status("metrics").path("open_file_descriptors").asLong();
        long pid = evidence.status("daemon").path("pid").asLong();
        try {
            for (String line : Files.readAllLines(Path.of("/proc", String.valueOf(pid), "limits"))) {
                String[] words = line.split("\\s+", -1);
                if (line.startsWith("Max open files") && !words[3].equals("unlimited")) {
                    long most = Long.parseLong(words[3]);
                    return open < most * MANY
                            ? new Outcome.Passed(open + " of " + most)
                            : new Outcome.Warned(
                                    open + " of " + most + " are open; new connections will fail",
                                    "raise ulimit -n, then tp restart");
                }
            }
        } catch (IOException e) {
            return new Outcome.Skipped("this system does not tell");
        }
        return new Outcome.Passed(open + ", without a limit");
    }
}
