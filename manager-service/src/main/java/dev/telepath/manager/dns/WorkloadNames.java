package dev.telepath.manager.dns;

import dev.telepath.dns.HostServers;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.ManagerSettings;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The names of workloads where nobody else gives them any: {@code web}, {@code web.ns}, {@code web.ns.svc},
 * {@code web.ns.svc.<domain>} are the addresses of its agents. In Kubernetes these are names of Services, often with another
 * port than the pods', and a workload without one has none. Thread-safe.
 */
@Singleton
final class WorkloadNames {
    private final Sessions sessions;
    private final String suffix;
    private final boolean named;

    @Inject
    WorkloadNames(Sessions sessions, ManagerSettings settings) {
        this(sessions, settings.clusterDomain(), !settings.kubernetes().enabled());
    }

    /**
     * @param named whether workloads have names by themselves
     */
    WorkloadNames(Sessions sessions, String domain, boolean named) {
        this.sessions = sessions;
        this.named = named;
        this.suffix = ".svc." + strip(domain.toLowerCase(Locale.ROOT));
    }

    /** The addresses behind a name, empty when it names no workload that the client sees. */
    List<InetAddress> resolve(ClientSession client, String name) {
        if (!named) {
            return List.of();
        }
        String plain = strip(name.toLowerCase(Locale.ROOT));
        if (plain.endsWith(suffix)) {
            plain = plain.substring(0, plain.length() - suffix.length());
        } else if (plain.endsWith(".svc")) {
            plain = plain.substring(0, plain.length() - ".svc".length());
        }
        String[] labels = plain.split("\\.", 0);
        if (labels.length > 2 || labels[0].isEmpty()) {
            return List.of();
        }
        var key = new WorkloadKey(labels.length == 2 ? labels[1] : client.namespace(), labels[0]);
        var addresses = new ArrayList<InetAddress>();
        for (AgentSession agent : sessions.agents(client.owner(), key)) {
            HostServers.address(agent.info().getPodIp())
                    .filter(address -> !addresses.contains(address))
                    .ifPresent(addresses::add);
        }
        return addresses;
    }

    private static String strip(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }
}
