package dev.telepath.client.engagement;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/** How an engagement is written in the journal. */
public final class EngagementRecord {
    private static final Logger LOG = Logger.getLogger(EngagementRecord.class);

    private EngagementRecord() {}

    static ObjectNode of(EngagementSpec spec) {
        ObjectNode row = JsonNodeFactory.instance
                .objectNode()
                .put("name", spec.name())
                .put("workload", spec.workload())
                .put("kind", spec.kind().name())
                .put("container", spec.container())
                .put("namespace", spec.namespace())
                .put("service", spec.service())
                .put("address", spec.address())
                .put("mechanism", spec.mechanism());
        var ports = row.putArray("ports");
        spec.ports().forEach(port -> ports.add(port.toString()));
        if (!spec.filter().isAll()) {
            row.set("filter", spec.filter().json());
        }
        if (!spec.access().equals(LocalAccess.NONE)) {
            row.set("access", spec.access().json());
        }
        return row;
    }

    /** What records say. One that cannot be engaged, or only in the place of another, is left out with a line in the log. */
    public static List<EngagementSpec> read(List<JsonNode> rows) {
        Set<String> names = new HashSet<>();
        Set<String> wireNames = new HashSet<>();
        return rows.stream()
                .flatMap(row -> read(row).stream())
                .filter(spec -> names.add(spec.name())
                        && spec.ports().stream().allMatch(port -> wireNames.add(spec.wireName(port))))
                .toList();
    }

    private static Optional<EngagementSpec> read(JsonNode row) {
        try {
            List<PortMapping> ports = new ArrayList<>();
            row.path("ports").forEach(port -> ports.add(PortMapping.parse(port.asText())));
            var kind = EngagementKind.valueOf(row.path("kind").asText());
            String name = row.path("name").asText("");
            if (name.isEmpty() || ports.isEmpty() != (kind == EngagementKind.INGEST)) {
                throw new IllegalArgumentException("name or ports are missing");
            }
            return Optional.of(new EngagementSpec(
                    name,
                    row.path("workload").asText(name),
                    kind,
                    row.path("container").asText(""),
                    row.path("namespace").asText(""),
                    row.path("service").asText(""),
                    row.path("address").asText("127.0.0.1"),
                    row.path("mechanism").asText("tcp"),
                    ports,
                    RequestFilter.read(row.path("filter")),
                    LocalAccess.read(row.path("access")),
                    false));
        } catch (Failure | IllegalArgumentException e) {
            LOG.warnf("engagement in the journal not understood, left out cause=\"%s\"", e.getMessage());
            return Optional.empty();
        }
    }
}
