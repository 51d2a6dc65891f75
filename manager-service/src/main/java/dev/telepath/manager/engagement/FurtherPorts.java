package dev.telepath.manager.engagement;

import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The further ports of an engagement, in the form {@code from:to/PROTO}. Pure. */
final class FurtherPorts {
    private static final Pattern FORM = Pattern.compile("(\\d{1,5})(?::(\\d{1,5}))?(?:/(TCP|UDP))?");
    private static final int MAX = 100;

    private FurtherPorts() {}

    /** The spec itself, then one child spec for each further port. */
    static List<InterceptSpec> of(InterceptSpec spec) {
        if (spec.getPodPortsCount() > MAX) {
            throw invalid("pod_ports has more than " + MAX + " entries");
        }
        var specs = new ArrayList<InterceptSpec>();
        specs.add(spec);
        for (String text : spec.getPodPortsList()) {
            Matcher parts = FORM.matcher(text.toUpperCase(Locale.ROOT));
            if (!parts.matches()) {
                throw invalid("pod_ports entry \"" + text + "\" is not of the form from:to/PROTO");
            }
            int from = port(parts.group(1));
            int to = parts.group(2) == null ? from : port(parts.group(2));
            String protocol = parts.group(3) == null ? "TCP" : parts.group(3);
            specs.add(Engagement.child(spec, from, to, protocol));
        }
        return specs;
    }

    private static int port(String digits) {
        int port = Integer.parseInt(digits);
        if (port < 1 || port > 65535) {
            throw invalid("port " + port + " is out of range (1 to 65535)");
        }
        return port;
    }

    private static RuntimeException invalid(String why) {
        return Status.INVALID_ARGUMENT.withDescription(why).asRuntimeException();
    }
}
