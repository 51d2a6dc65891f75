package dev.telepath.client.engagement;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What an engagement opens on this machine, beside its traffic.
 *
 * @param toPod ports of the pod that are reached here under their own number
 * @param mount absolute folder for its files; empty = none
 * @param mountOwned whether that folder was made for the engagement alone, and goes with it
 * @param copied whether the files are copied there even where they could be mounted
 * @param readOnly whether they are mounted for reading even where they may be written
 * @param mountPort local port that leads to its SFTP server; 0 = none
 */
public record LocalAccess(
        List<PortMapping> toPod, String mount, boolean mountOwned, boolean copied, boolean readOnly, int mountPort) {
    /** Nothing. */
    public static final LocalAccess NONE = new LocalAccess(List.of(), "", false, false, false, 0);

    public LocalAccess {
        toPod = List.copyOf(toPod);
    }

    /**
     * As it is written by {@link #json}, and asked for by a command.
     *
     * @throws dev.telepath.client.failure.Failure when a port is none
     */
    public static LocalAccess read(JsonNode row) {
        List<PortMapping> toPod = new ArrayList<>();
        row.path("toPod").forEach(port -> toPod.add(PortMapping.parse(port.asText())));
        return new LocalAccess(
                toPod,
                row.path("mount").asText(""),
                row.path("mountOwned").asBoolean(false),
                row.path("mountCopied").asBoolean(false),
                row.path("mountReadOnly").asBoolean(false),
                row.path("localMountPort").asInt(0));
    }

    ObjectNode json() {
        ObjectNode row = JsonNodeFactory.instance
                .objectNode()
                .put("mount", mount)
                .put("mountOwned", mountOwned)
                .put("mountCopied", copied)
                .put("mountReadOnly", readOnly)
                .put("localMountPort", mountPort);
        var ports = row.putArray("toPod");
        toPod.forEach(port -> ports.add(port.toString()));
        return row;
    }
}
