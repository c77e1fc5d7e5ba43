/* paperscout-notifier */

int main(void)
{
    return 1;
}
