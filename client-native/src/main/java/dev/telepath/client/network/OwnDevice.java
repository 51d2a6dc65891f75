package dev.telepath.client.network;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;

/** Which destinations a device of ours leads to: what is dialled there goes by the cluster, and so in a circle. Immutable. */
public final class OwnDevice {
    private final List<IpNetwork> addresses;

    private OwnDevice(List<IpNetwork> addresses) {
        this.addresses = addresses;
    }

    /** Devices with addresses as the settings say. */
    public static OwnDevice of(Settings settings) {
        return new OwnDevice(Stream.of(Setting.NETWORK_SUBNET, Setting.NETWORK_SUBNET6)
                .flatMap(each -> IpNetwork.parse(settings.text(each)).stream())
                .toList());
    }

    /** Whether a device of ours leads there now. Asks the system, so it may block; not on an event loop. */
    public boolean leads(InetAddress destination) {
        return LocalSource.towards(destination)
                .filter(own -> addresses.stream().anyMatch(each -> each.contains(own)))
                .isPresent();
    }
}
