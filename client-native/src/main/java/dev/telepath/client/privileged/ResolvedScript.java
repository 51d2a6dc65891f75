package dev.telepath.client.privileged;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What tells systemd-resolved how a device's names are led. That listens to uid 0 alone, which is nothing for a program that lies
 * in the user's folders: root runs the system's own shell and resolvectl, without capabilities, with these lines. They trust nobody,
 * and end with the pipe that their orders come by, undoing what they did.
 */
final class ResolvedScript {
    /**
     * Each line that comes in is a device and, unless it is to be undone, the server and the domains; the server is also the first
     * argument, and no other is taken. Before the server is told, it is no default; the domains come last, since they are what is seen of it.
     */
    static final String SCRIPT = """
            set -f
            export LC_ALL=C
            tell() { timeout 5 resolvectl "$@" </dev/null >/dev/null; }
            last=
            while read -r link server domains; do
              case $link in tp[0-9]) ;; *) continue ;; esac
              if [ -z "$server" ]; then
                tell revert "$link"
                last=
                continue
              fi
              [ "$server" = "$1" ] || continue
              case " $domains" in
                ' ' | *[!a-z0-9._~\\ -]* | *' -'* | *' .'* | *'~.'* | *'~-'* | *'..'*) continue ;;
              esac
              last=$link
              tell dnssec "$link" no &
              tell dnsovertls "$link" no &
              tell default-route "$link" no &
              route=$!
              wait "$route" && wait && tell dns "$link" "$server" && tell domain "$link" $domains
            done
            [ -z "$last" ] || tell revert "$last" 2>/dev/null
            """;

    /** Runs what follows, and behind its standard output the script, of whose process nothing is left but its user. */
    private static final String PIPE = """
            server=$1 script=$2
            shift 2
            "$@" | exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs -- \\
              sh -c "$script" tp-names "$server"
            """;

    private ResolvedScript() {}

    /** What a command line begins with whose standard output is to lead to the script. It is run as root. */
    static List<String> behind(InetAddress server) {
        return List.of("sh", "-c", PIPE, "tp-network", server.getHostAddress(), SCRIPT);
    }

    /** An order as the script reads it. */
    static byte[] line(String device, Order.Names names) {
        String rest = names.domains().isEmpty()
                ? ""
                : " " + names.server().getHostAddress() + " " + String.join(" ", names.domains());
        return (device + rest + "\n").getBytes(StandardCharsets.US_ASCII);
    }
}
