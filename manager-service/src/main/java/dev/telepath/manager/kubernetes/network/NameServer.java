package dev.telepath.manager.kubernetes.network;

import dev.telepath.manager.network.Subnet;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The name server that the kubelet wrote into this pod, which is the cluster's. */
public final class NameServer {
    private static final Path FILE = Path.of("/etc/resolv.conf");
    private static final String WORD = "nameserver";

    private NameServer() {}

    /** The first one; empty when none is written. Reads a file. */
    public static Optional<InetAddress> ofThisPod() {
        try {
            return first(Files.readAllLines(FILE));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    static Optional<InetAddress> first(List<String> lines) {
        return lines.stream()
                .map(line -> line.strip().split("\\s+", 3))
                .filter(words -> words.length > 1 && words[0].equals(WORD))
                .flatMap(words -> Subnet.address(words[1]).stream())
                .findFirst();
    }
}
