package dev.telepath.client.network;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Destinations that only agents of one workload dial, as {@code --proxy-via} names them.
 *
 * @param which the destinations
 * @param workload its name, in the connected namespace
 */
public record ProxyVia(Which which, String workload) {
    /** More than these are refused. */
    public static final int MOST = 256;

    private static final Pattern WORKLOAD = Pattern.compile("[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?");
    private static final String FORM = "--proxy-via 10.1.0.0/16=web; for the network also: also, service, pods, all";

    /** Which destinations. */
    public sealed interface Which {
        /** Those of a network. */
        record Addresses(IpNetwork network) implements Which {
            @Override
            public String toString() {
                return network.toString();
            }
        }

        /** Networks of the cluster by a name, whatever the cluster says that they are. */
        enum Named implements Which {
            /** Those of {@code --also-proxy}. */
            ALSO,
            /** Those of Services. */
            SERVICE,
            /** Those of pods. */
            PODS,
            /** All of these. */
            ALL;

            @Override
            public String toString() {
                return name().toLowerCase(Locale.ROOT);
            }
        }
    }

    /**
     * Reads them.
     *
     * @param words each as CIDR=WORKLOAD
     * @return each of them once
     * @throws Failure of kind USAGE where one cannot be read, or destinations are given to two workloads
     */
    public static List<ProxyVia> parse(List<String> words) {
        if (words.size() > MOST) {
            throw new Failure(Kind.USAGE, "--proxy-via is given " + words.size() + " times, at most " + MOST, "");
        }
        Map<Which, ProxyVia> all = new LinkedHashMap<>();
        for (String word : words) {
            ProxyVia one = parse(word);
            ProxyVia before = all.putIfAbsent(one.which(), one);
            if (before != null && !before.equals(one)) {
                throw new Failure(
                        Kind.USAGE,
                        "--proxy-via gives " + one.which() + " to two workloads, " + before.workload() + " and "
                                + one.workload(),
                        "give it to one of them; of two networks of which one lies in the other, the smaller one counts");
            }
        }
        return new ArrayList<>(all.values());
    }

    private static ProxyVia parse(String word) {
        int equals = word.indexOf('=');
        String left = equals < 0 ? word : word.substring(0, equals);
        String workload = equals < 0 ? "" : word.substring(equals + 1);
        Which which = which(left)
                .orElseThrow(() -> new Failure(
                        Kind.USAGE,
                        "--proxy-via " + word + ": '" + left + "' is no network, and none of also, service, pods, all",
                        FORM));
        if (!WORKLOAD.matcher(workload).matches()) {
            throw new Failure(
                    Kind.USAGE,
                    "--proxy-via " + word
                            + (equals < 0 ? ": it names no workload" : ": '" + workload + "' names no workload"),
                    FORM);
        }
        return new ProxyVia(which, workload);
    }

    private static Optional<Which> which(String text) {
        for (Which.Named named : Which.Named.values()) {
            if (named.toString().equals(text)) {
                return Optional.of(named);
            }
        }
        return IpNetwork.parse(text)
                .filter(network -> !network.address().isMulticastAddress())
                .map(Which.Addresses::new);
    }
}
