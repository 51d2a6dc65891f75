package dev.telepath.client.network;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A network of addresses, as {@code 10.96.0.0/12}.
 *
 * @param address its first
 * @param prefix bits that all of its addresses share; 0 to 32, of IPv6 to 128
 */
public record IpNetwork(InetAddress address, int prefix) {
    /**
     * @throws IllegalArgumentException when the prefix is longer than the address
     */
    public IpNetwork {
        byte[] bytes = address.getAddress();
        if (prefix < 0 || prefix > bytes.length * 8) {
            throw new IllegalArgumentException("/" + prefix + " is no prefix of " + address.getHostAddress());
        }
        address = inet(masked(bytes, prefix));
    }

    /** Reads one; an address alone is a network of its own. Empty where it is none: a name is never looked up. */
    public static Optional<IpNetwork> parse(String text) {
        int slash = text.indexOf('/');
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
        if (bytes == null) {
            return Optional.empty();
        }
        try {
            int prefix = slash < 0 ? bytes.length * 8 : Integer.parseInt(text.substring(slash + 1));
            return Optional.of(new IpNetwork(inet(bytes), prefix));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether an address is in it. */
    public boolean contains(InetAddress other) {
        byte[] bytes = other.getAddress();
        return bytes.length == address.getAddress().length
                && Arrays.equals(masked(bytes, prefix), address.getAddress());
    }

    /** Whether an address is in both. */
    public boolean overlaps(IpNetwork other) {
        return prefix <= other.prefix ? contains(other.address) : other.contains(address);
    }

    public boolean isIpv4() {
        return address.getAddress().length == 4;
    }

    /**
     * The address at some place.
     *
     * @param place 0 for the first
     */
    public InetAddress at(int place) {
        byte[] bytes = address.getAddress();
        long rest = place;
        for (int i = bytes.length - 1; i >= 0 && rest > 0; i--) {
            rest += bytes[i] & 0xff;
            bytes[i] = (byte) rest;
            rest >>>= 8;
        }
        return inet(bytes);
    }

    /** The address that has in another network of the same prefix the place that this one has here. */
    public InetAddress translate(InetAddress here, IpNetwork other) {
        byte[] bytes = here.getAddress();
        byte[] to = other.address.getAddress();
        for (int bit = 0; bit < prefix; bit++) {
            int mask = 0x80 >>> bit % 8;
            bytes[bit / 8] = (byte) (bytes[bit / 8] & ~mask | to[bit / 8] & mask);
        }
        return inet(bytes);
    }

    /** Both halves of it. Not of a single address. */
    List<IpNetwork> halves() {
        return List.of(part(0, prefix + 1), part(1, prefix + 1));
    }

    /**
     * One of the networks that it has of a longer prefix.
     *
     * @param place 0 for the first
     */
    public IpNetwork part(int place, int longer) {
        byte[] bytes = address.getAddress();
        for (int bit = longer - 1, rest = place; bit >= prefix && rest > 0; bit--, rest >>>= 1) {
            if ((rest & 1) != 0) {
                bytes[bit / 8] |= (byte) (0x80 >>> bit % 8);
            }
        }
        return new IpNetwork(inet(bytes), longer);
    }

    private static byte[] masked(byte[] address, int prefix) {
        byte[] bytes = address.clone();
        for (int bit = prefix; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >>> bit % 8);
        }
        return bytes;
    }

    private static InetAddress inet(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefix;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof IpNetwork that && prefix == that.prefix && address.equals(that.address);
    }

    @Override
    public int hashCode() {
        return 31 * address.hashCode() + prefix;
    }
}
