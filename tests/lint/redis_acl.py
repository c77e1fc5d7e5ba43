"""deploy/redis.acl lists the Redis commands that the code uses, neither more nor fewer. No argument; prints what differs."""
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CONTAINERS = ("CLIENT", "XGROUP", "XINFO")  # whose subcommands are listed
# What Redis 7.0 knows (COMMAND LIST): tells a command from any other word in capitals.
COMMANDS = set("""
acl append asking auth bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove blmpop blpop 
brpop brpoplpush bzmpop bzpopmax bzpopmin client cluster command config copy dbsize debug decr decrby del 
discard dump echo eval eval_ro evalsha evalsha_ro exec exists expire expireat expiretime failover fcall 
fcall_ro flushall flushdb function geoadd geodist geohash geopos georadius georadius_ro georadiusbymember 
georadiusbymember_ro geosearch geosearchstore get getbit getdel getex getrange getset hdel hello hexists hget 
hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals incr incrby 
incrbyfloat info keys lastsave latency lcs lindex linsert llen lmove lmpop lolwut lpop lpos lpush lpushx 
lrange lrem lset ltrim memory mget migrate module monitor move mset msetnx multi object persist pexpire 
pexpireat pexpiretime pfadd pfcount pfdebug pfmerge pfselftest ping psetex psubscribe psync pttl publish 
pubsub punsubscribe quit randomkey readonly readwrite rename renamenx replconf replicaof reset restore 
restore-asking role rpop rpoplpush rpush rpushx sadd save scan scard script sdiff sdiffstore select set 
setbit setex setnx setrange shutdown sinter sintercard sinterstore sismember slaveof slowlog smembers 
smismember smove sort sort_ro spop spublish srandmember srem sscan ssubscribe strlen subscribe substr sunion 
sunionstore sunsubscribe swapdb sync time touch ttl type unlink unsubscribe unwatch wait watch xack xadd 
xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim zadd zcard 
zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin 
zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank 
zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore 
""".split())


def user_line():
    """The line of deploy/redis.acl that makes the user."""
    text = (TOP / "deploy/redis.acl").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith("user paperscout "))


def listed():
    return {word[1:] for word in user_line().split() if word.startswith("+")}


def sources(*patterns):
    return [path.read_text(encoding="utf-8") for pattern in patterns for path in TOP.glob(pattern)]


def used():
    """Commands that the code names, as an ACL writes them."""
    found = []
    for text in sources("shared/lua/*.lua"):
        found += re.findall(r"redis\.p?call\('([A-Z]+)'(?:,\s*'([A-Z]+)')?", text)
    for text in sources("*/io/*.c", "*/cli/*.c"):
        if re.search(r"PS_REDIS|ps_redis|redisReply", text):
            found += re.findall(r'"([A-Z]{3,})"(?:,\s*"([A-Z]+)")?', text)
    names = {first.lower() + ("|" + second.lower() if first in CONTAINERS else "")
             for first, second in found if first.lower() in COMMANDS}
    return names - {"auth", "readonly"}  # anybody may; an error's word


def main():
    faults = [f"{name}: the code uses it, deploy/redis.acl does not list it" for name in sorted(used() - listed())]
    faults += [f"{name}: deploy/redis.acl lists it, nothing uses it" for name in sorted(listed() - used())]
    faults += ["shared/lua: redis.call with a command that nobody can list"
               for text in sources("shared/lua/*.lua") if re.search(r"redis\.p?call\((?!')", text)]
    for fault in faults:
        print(f"redis_acl: {fault}")
    return 1 if faults or len(used()) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
