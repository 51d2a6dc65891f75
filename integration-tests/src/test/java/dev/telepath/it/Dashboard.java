package dev.telepath.it;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/** The dashboard for Grafana, as it is shipped. */
final class Dashboard {
    private Dashboard() {}

    /** What its panels ask, with the variables of Grafana. */
    static List<String> questions() throws IOException {
        return new ObjectMapper()
                .readTree(Files.readString(Program.root().resolve("deploy/grafana/telepath.json")))
                .path("panels")
                .findValuesAsText("expr");
    }
}
