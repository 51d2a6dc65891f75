package dev.telepath.client.proxy;

import dev.telepath.client.network.ClusterNetwork;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A proxy auto-configuration: the script by which a browser sends the cluster's names and networks to the proxy, and
 * everything else straight to where it goes. Pure.
 */
public final class PacFile {
    /** What a host name can have. Everything else a manager tells is left out, so that it cannot become script. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
    /** The same for a network: address, slash, prefix. */
    private static final Pattern NETWORK = Pattern.compile("[0-9a-fA-F:.]{2,45}/[0-9]{1,3}");

    /**
     * The browser asks no name server for it: a name is judged by its letters, an address by the networks. isInNetEx, for
     * IPv6, is not in every browser.
     */
    private static final String FUNCTION = """
            function FindProxyForURL(url, host) {
              var i;
              host = host.toLowerCase().replace(/^\\[|\\]$/g, "").replace(/\\.$/, "");
              if (/^[0-9]+([.][0-9]+){3}$/.test(host)) {
                for (i = 0; i < networks.length; i++) {
                  if (isInNet(host, networks[i][0], networks[i][1])) return proxy;
                }
                return "DIRECT";
              }
              if (host.indexOf(":") >= 0) {
                for (i = 0; i < networks6.length; i++) {
                  if (typeof isInNetEx === "function" && isInNetEx(host, networks6[i])) return proxy;
                }
                return "DIRECT";
              }
              for (i = 0; i < suffixes.length; i++) {
                if (host.length > suffixes[i].length && host.slice(-suffixes[i].length) === suffixes[i]) return proxy;
              }
              for (i = 0; i < names.length; i++) {
                if (host === names[i]) return proxy;
              }
              return "DIRECT";
            }
            """;

    private PacFile() {}

    /**
     * The script.
     *
     * @param names short names of the connected namespace
     * @param proxy where the proxy listens, {@code host:port}
     */
    public static String script(ClusterNetwork network, Collection<String> names, String proxy) {
        String domain = network.domain().toLowerCase(Locale.ROOT).replaceAll("^\\.+|\\.+$", "");
        // A name of two parts, as web.shop, may be a host of the internet: it is left alone.
        List<String> suffixes = Stream.of("svc", domain)
                .filter(PacFile::isName)
                .map(suffix -> "." + suffix)
                .toList();
        List<String> shortNames = names.stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .filter(name -> isName(name) && !name.contains(".") && !name.equals("localhost"))
                .distinct()
                .sorted()
                .toList();
        List<String> all = Stream.concat(network.services().stream(), network.pods().stream())
                .filter(one -> NETWORK.matcher(one).matches())
                .distinct()
                .toList();
        return "// The names and networks of the cluster go to the proxy of tp, everything else goes straight.\n"
                + "var proxy = \"PROXY " + proxy + "\";\n"
                + "var suffixes = " + texts(suffixes) + ";\n"
                + "var names = " + texts(shortNames) + ";\n"
                + "var networks = "
                + all.stream()
                        .filter(one -> !one.contains(":"))
                        .map(PacFile::addressAndMask)
                        .collect(Collectors.joining(", ", "[", "]"))
                + ";\n"
                + "var networks6 = "
                + texts(all.stream().filter(one -> one.contains(":")).toList()) + ";\n"
                + FUNCTION;
    }

    private static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    private static String texts(List<String> texts) {
        return texts.stream().map(text -> "\"" + text + "\"").collect(Collectors.joining(", ", "[", "]"));
    }

    private static String addressAndMask(String network) {
        String[] parts = network.split("/", 2);
        int prefix = Math.min(32, Integer.parseInt(parts[1]));
        int mask = prefix == 0 ? 0 : -1 << (32 - prefix);
        return "[\"" + parts[0] + "\", \"" + (mask >>> 24) + "." + (mask >>> 16 & 0xff) + "." + (mask >>> 8 & 0xff)
                + "." + (mask & 0xff) + "\"]";
    }
}
