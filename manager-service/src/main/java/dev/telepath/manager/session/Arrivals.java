package dev.telepath.manager.session;

import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks and completes what an arriving peer says of itself. Pure. Failures are INVALID_ARGUMENT and name the field. */
final class Arrivals {
    static final String DEFAULT_NAMESPACE = "default";
    static final int MAX_NAME = 253;
    private static final int MAX_ENVIRONMENT = 1024 * 1024;
    private static final int MAX_ITEMS = 1000;
    private static final Pattern VERSION = Pattern.compile("v?(\\d{1,9})\\.(\\d{1,9})\\.(\\d{1,9})([-+].{0,200})?");

    private Arrivals() {}

    static ClientInfo checked(ClientInfo info) {
        name("name", info.getName());
        name("install_id", info.getInstallId());
        name("product", info.getProduct());
        String version = name("version", info.getVersion());
        Matcher parts = VERSION.matcher(version);
        if (!parts.matches()) {
            throw invalid("version \"" + version + "\" is not a semantic version");
        }
        if (info.getProduct().equals("telepresence") && older(parts, 2, 6)) {
            throw invalid("version " + version + " is too old, clients are supported from 2.6.0");
        }
        if (info.getNamespace().isEmpty()) {
            return info.toBuilder().setNamespace(DEFAULT_NAMESPACE).build();
        }
        name("namespace", info.getNamespace());
        return info;
    }

    static AgentInfo checked(AgentInfo info) {
        name("name", info.getName());
        name("namespace", info.getNamespace());
        name("product", info.getProduct());
        name("version", info.getVersion());
        optional("pod_name", info.getPodName());
        optional("pod_ip", info.getPodIp());
        optional("pod_uid", info.getPodUid());
        if (info.getMechanismsCount() == 0) {
            throw invalid("mechanisms must not be empty");
        }
        if (info.getMechanismsCount() > MAX_ITEMS || info.getContainersCount() > MAX_ITEMS) {
            throw invalid("at most " + MAX_ITEMS + " mechanisms and containers");
        }
        for (var mechanism : info.getMechanismsList()) {
            name("mechanism name", mechanism.getName());
            name("mechanism product", mechanism.getProduct());
            name("mechanism version", mechanism.getVersion());
        }
        long environment = size(info.getEnvironmentMap());
        for (var container : info.getContainersMap().values()) {
            environment += size(container.getEnvironmentMap());
        }
        if (environment > MAX_ENVIRONMENT) {
            throw invalid("environment is " + environment + " bytes, at most " + MAX_ENVIRONMENT);
        }
        return info;
    }

    /** Whether the agent calls once a minute only, as Telepresence agents do since 2.24. */
    static boolean remainsSlowly(AgentInfo info) {
        Matcher parts = VERSION.matcher(info.getVersion());
        return info.getProduct().equals("telepresence") && parts.matches() && !older(parts, 2, 24);
    }

    static String name(String field, String value) {
        if (value.isEmpty()) {
            throw invalid(field + " must not be empty");
        }
        return optional(field, value);
    }

    static String optional(String field, String value) {
        if (value.getBytes(StandardCharsets.UTF_8).length > MAX_NAME) {
            throw invalid(field + " is longer than " + MAX_NAME + " bytes");
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            throw invalid(field + " has control characters");
        }
        return value;
    }

    private static boolean older(Matcher version, int major, int minor) {
        int theirs = Integer.parseInt(version.group(1));
        return theirs < major || (theirs == major && Integer.parseInt(version.group(2)) < minor);
    }

    private static long size(Map<String, String> environment) {
        long bytes = 0;
        for (var entry : environment.entrySet()) {
            bytes += entry.getKey().length() + entry.getValue().length();
        }
        return bytes;
    }

    private static RuntimeException invalid(String why) {
        return Status.INVALID_ARGUMENT.withDescription(why).asRuntimeException();
    }
}
