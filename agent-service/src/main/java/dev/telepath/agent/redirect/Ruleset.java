package dev.telepath.agent.redirect;

import dev.telepath.tunnel.linux.NetfilterRules;
import dev.telepath.tunnel.linux.NetfilterRules.Field;
import dev.telepath.tunnel.linux.NetfilterRules.Hook;
import java.util.List;

/** The rules of a pod: what comes in for one port is for another. Pure. */
final class Ruleset {
    private static final String TABLE = "telepath";
    private static final int TCP = 6;
    private static final int UDP = 17;

    private Ruleset() {}

    /** The bytes to send, at most 64 KiB. They outlive the program that sends them. */
    static byte[] of(List<Redirect> redirects) {
        NetfilterRules rules = NetfilterRules.nat(TABLE, Hook.PREROUTING, false);
        for (Redirect each : redirects) {
            rules.redirect(
                    () -> {
                        rules.is(Field.PROTOCOL, (byte) (each.udp() ? UDP : TCP));
                        rules.is(Field.DESTINATION_PORT, NetfilterRules.port(each.from()));
                    },
                    each.to());
        }
        return rules.finish();
    }
}
