package dev.telepath.manager.network;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A network, IPv4 or IPv6.
 *
 * @param address its first address: bits behind the prefix are cleared
 * @param prefix length in bits, 0 to 32 or 128
 */
public record Subnet(InetAddress address, int prefix) {
    /**
     * @throws IllegalArgumentException when the prefix does not fit the address
     */
    public Subnet {
        if (prefix < 0 || prefix > address.getAddress().length * 8) {
            throw new IllegalArgumentException("a prefix of " + prefix + " bits does not fit " + address);
        }
        address = masked(address, prefix);
    }

    /** Reads {@code ADDRESS/PREFIX}, RFC 4632 and RFC 4291 section 2.3; empty when it is none. Looks nothing up. */
    public static Optional<Subnet> parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = NetUtil.createByteArrayFromIpAddressString(slash < 0 ? "" : text.substring(0, slash));
        if (address == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Subnet(of(address), Integer.parseInt(text.substring(slash + 1))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads several.
     *
     * @throws IllegalArgumentException when one is none, and says which
     */
    public static List<Subnet> list(List<String> texts) {
        return texts.stream()
                .map(text -> parse(text)
                        .orElseThrow(() -> new IllegalArgumentException(
                                text + " is no network; expected ADDRESS/PREFIX, as 10.96.0.0/12")))
                .toList();
    }

    /** Reads an address; empty when it is none. Looks nothing up. */
    public static Optional<InetAddress> address(String text) {
        return Optional.ofNullable(NetUtil.createByteArrayFromIpAddressString(text))
                .map(Subnet::of);
    }

    /** Whether an address is of this network; one of the other family is not. */
    public boolean contains(InetAddress other) {
        return other.getAddress().length == address.getAddress().length
                && masked(other, prefix).equals(address);
    }

    /**
     * The smallest network that has all of the addresses, for each family one; none for no addresses. Where the addresses
     * are of one network, what comes out is a part of it.
     */
    public static List<Subnet> common(Collection<InetAddress> addresses) {
        var families = new TreeMap<Integer, Subnet>();
        for (InetAddress each : addresses) {
            int bits = each.getAddress().length * 8;
            families.merge(bits, new Subnet(each, bits), Subnet::widened);
        }
        return List.copyOf(families.values());
    }

    private static Subnet widened(Subnet one, Subnet other) {
        int prefix = Math.min(one.prefix, other.prefix);
        while (!masked(other.address, prefix).equals(masked(one.address, prefix))) {
            prefix--;
        }
        return new Subnet(one.address, prefix);
    }

    private static InetAddress masked(InetAddress address, int prefix) {
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(prefix - i * 8L, 0, 8);
            bytes[i] = (byte) (bytes[i] & (0xff00 >>> kept));
        }
        return of(bytes);
    }

    private static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("4 or 16 bytes are always an address", e);
        }
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefix;
    }
}
